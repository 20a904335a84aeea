import { execFileSync } from "node:child_process";

import { describe, expect, it } from "vitest";

import { readRequest } from "./request";
import { quoteForShell } from "./shellQuote";

/** What bash hands to the program when the command is pasted: its arguments, exactly. */
function argumentsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}\n`;
  const output = execFileSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  return output.split("\0").slice(0, -1);
}

const HOSTILE = [
  "'; touch /tmp/pwned; '",
  "$(id)",
  "`id`",
  "a\\'b",
  '"double" $HOME !! \\n',
  "line one\nline two",
  "\u001b[201~\nrm -rf ~\n",
  "\u202Ecod.exe",
  "tab\there",
  "-o/etc/passwd",
  "@/etc/passwd",
  "💥 é 漢",
  "!important'",
  "\u0007\u001b]0;title\u0007",
];

describe("quoteForShell", () => {
  // The command is made to be pasted into a terminal; anything a shell obeys in it would run as the reader.
  it.each(HOSTILE)("hands %j to the program unchanged", (text) => {
    expect(argumentsOf(`curl ${quoteForShell(text)}`)).toEqual([text]);
  });

  // Bytes the terminal itself obeys (end of bracketed paste, for one) act before any shell quoting does.
  it.each(HOSTILE.filter((text) => /(?![\n\t])\p{Cc}|\u202E/u.test(text)))(
    "leaves no control character in %j",
    (text) => {
      expect(quoteForShell(text)).not.toMatch(/(?![\n\t])\p{Cc}|\u202E/u);
    },
  );

  // An argument cannot hold a null byte: the shell would cut it there and drop the rest.
  it("drops null bytes", () => {
    expect(argumentsOf(`curl ${quoteForShell("a\u0000b\u0001")}`)).toEqual(["ab\u0001"]);
  });
});

describe("copy as cURL", () => {
  // Someone reproduces the failure with this: method, query, headers, cookies and body must all be there.
  it("repeats the request", () => {
    const request = readRequest({
      url: "https://shop.example/pay",
      method: "put",
      query: [
        ["step", "2"],
        ["q", "a b"],
      ],
      headers: [
        ["Content-Type", "application/json"],
        ["X-Empty", ""],
        ["Host", "shop.example"],
        ["Content-Length", "3"],
      ],
      cookies: [
        ["sid", "1"],
        ["theme", "dark"],
      ],
      data: { total: 12 },
    });
    expect(argumentsOf(request?.curl ?? "")).toEqual([
      "--globoff",
      "-X",
      "PUT",
      "https://shop.example/pay?step=2&q=a+b",
      "-H",
      "Content-Type: application/json",
      "-H",
      "X-Empty;",
      "-H",
      "Cookie: sid=1; theme=dark",
      "--data-raw",
      '{\n  "total": 12\n}',
    ]);
  });

  // Every part of a request is written by whoever made it.
  it.each(HOSTILE)("stays one command when every part holds %j", (text) => {
    const request = readRequest({
      url: `https://shop.example/${encodeURIComponent(text)}`,
      method: text,
      query: [[text, text]],
      headers: [
        [text, text],
        ["X-Good", text],
      ],
      cookies: [[text, text]],
      data: text,
    });
    const [globoff, address, ...rest] = argumentsOf(request?.curl ?? "");
    expect(globoff).toBe("--globoff");
    expect(address).toMatch(/^https:\/\/shop\.example\//);
    expect(rest.slice(-2)).toEqual(["--data-raw", text]);
    const headers = rest.slice(0, -2);
    expect(headers.filter((_, index) => index % 2 === 0)).toEqual(headers.filter((part) => part === "-H"));
    expect(headers.filter((_, index) => index % 2 === 1).every((line) => /^[^@\s-]\S*[:;]/.test(line))).toBe(true);
  });

  // `-H @file` makes curl send a local file to the server.
  it("drops header names that curl would read a file for", () => {
    const request = readRequest({
      url: "https://a.example/",
      headers: [
        ["@/etc/passwd", "x"],
        ["a b", "y"],
        ["A\nB", "z"],
      ],
    });
    expect(argumentsOf(request?.curl ?? "")).toEqual(["--globoff", "https://a.example/"]);
  });

  // A line break in a value would add a header of the attacker's choice.
  it("keeps header values on one line", () => {
    const request = readRequest({ url: "https://a.example/", headers: [["X-A", "1\r\nX-B: 2"]] });
    expect(argumentsOf(request?.curl ?? "")).toContain("X-A: 1 X-B: 2");
  });

  // file: and its kin would read from the reader's own machine.
  it.each(["file:///etc/passwd", "gopher://a.example/", "/relative", "-o /tmp/x", "http://user:pw@a.example/"])(
    "gives no command for %s",
    (url) => {
      const request = readRequest({ url, method: "GET" });
      expect(request).not.toBeNull();
      expect(request?.curl).toBeNull();
    },
  );

  it.each([
    [{ method: "GET" }, []],
    [{ method: "POST", data: "a" }, ["--data-raw", "a"]],
    [{ method: "POST" }, ["-X", "POST"]],
    [{ method: "GET", data: "a" }, ["-X", "GET", "--data-raw", "a"]],
    [{ method: "HEAD" }, ["--head"]],
    [
      { data: { a: ["1"], b: "x y" }, inferredContentType: "application/x-www-form-urlencoded" },
      ["--data-raw", "a=1&b=x+y"],
    ],
  ])("uses the shortest right form for %j", (raw, expected) => {
    const sent = argumentsOf(readRequest({ url: "https://a.example/", ...raw })?.curl ?? "");
    expect(sent.filter((part) => part !== "--globoff" && part !== "https://a.example/")).toEqual(expected);
  });
});

describe("readRequest", () => {
  // SDKs send headers and cookies as lists or as objects, and the query as text as well.
  it("reads lists, objects and a query text alike", () => {
    const request = readRequest({
      url: "https://a.example/",
      query: "x=1&y=2",
      headers: { Accept: "*/*" },
      cookies: [["a", "1"], "broken", [2, 3]],
      env: { REMOTE_ADDR: "::1" },
    });
    expect(request).toMatchObject({
      query: [
        { name: "x", text: "1" },
        { name: "y", text: "2" },
      ],
      headers: [{ name: "Accept", text: "*/*" }],
      cookies: [{ name: "a", text: "1" }],
      environment: [{ name: "REMOTE_ADDR", text: "::1" }],
    });
  });

  it.each([null, {}, { headers: [], data: "" }, { data: [] }, { data: {} }])("gives nothing for %j", (raw) => {
    expect(readRequest(raw)).toBeNull();
  });
});
