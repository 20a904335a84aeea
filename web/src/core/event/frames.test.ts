import { describe, expect, it } from "vitest";

import { groupFrames, readFrame, readFrames, type FrameGroup, type FrameOrder } from "./frames";

const frames = (text: string) =>
  readFrames({
    frames: text
      .split(" ")
      .filter((word) => word !== "")
      .map((word) => ({ function: word, filename: "f", lineNo: 1, inApp: word.startsWith("A") })),
  });

/** Writes groups as one line: open rows in capitals as they are, closed rows in brackets, folds with their number. */
function written(groups: readonly FrameGroup[]): string {
  return groups
    .map((group) => {
      if (group.kind === "folded") return `+${group.calls}(${group.frames.map((item) => item.fn).join(" ")})`;
      return group.open ? (group.frame.fn ?? "?") : `[${group.frame.fn ?? "?"}]`;
    })
    .join(" ");
}

describe("groupFrames", () => {
  // The reader wants their own code open, the rest out of the way but countable, and the failing frame always in sight.
  it.each<[string, string, FrameOrder, string]>([
    ["nothing", "", "newest", ""],
    ["own code only", "A1 A2", "newest", "A2 A1"],
    ["own code, oldest first", "A1 A2", "oldest", "A1 A2"],
    ["a run of library frames", "l1 l2 l3 A1", "newest", "A1 +3(l3 l2 l1)"],
    ["a run, oldest first", "l1 l2 l3 A1", "oldest", "+3(l1 l2 l3) A1"],
    ["a single library frame", "A1 l1 A2", "newest", "A2 [l1] A1"],
    ["the failing frame in a library", "A1 l1 l2 l3", "newest", "[l3] +2(l2 l1) A1"],
    ["no own code at all", "l1 l2 l3", "newest", "l3 +2(l2 l1)"],
    ["recursion in own code", "A1 A1 A1 A2", "newest", "A2 A1"],
    ["recursion inside a fold", "l1 l1 l2 A1", "newest", "A1 +3(l2 l1)"],
  ])("%s", (_, stack, order, expected) => {
    expect(written(groupFrames(frames(stack), order))).toBe(expected);
  });

  // Keys tie open frames to their rows; a duplicate would make two rows open together.
  it("gives every group a key of its own", () => {
    const keys = groupFrames(frames("l1 l2 A1 l3 l4 A2 l5 A3 l6"), "newest").map((group) => group.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("readFrame", () => {
  // The failing line is what people look for first.
  it("marks the failing line among the source lines", () => {
    const { source } = readFrame({
      lineNo: 2,
      context: [[1, "a = 1"], [2, "b = a / 0"], [3, null], ["x", "bad"], null],
    });
    expect(source).toEqual([
      { number: 1, text: "a = 1", failing: false },
      { number: 2, text: "b = a / 0", failing: true },
      { number: 3, text: "", failing: false },
    ]);
  });

  // A minified bundle is one line of megabytes; showing it whole would freeze the page.
  it("cuts very long source lines and says how much is missing", () => {
    const [line] = readFrame({ context: [[1, "x".repeat(5_000)]] }).source;
    expect(line?.text).toMatch(/^x{2000}… \[3,000 more characters\]$/);
  });

  // SDKs differ in what they fill in; a frame must have a place to show either way.
  it.each([
    [{ filename: "a.py", module: "a", absPath: "/app/a.py" }, "a.py"],
    [{ module: "a.b", absPath: "/app/a.py" }, "a.b"],
    [{ absPath: "/app/a.py" }, "/app/a.py"],
    [{ package: "libc.so" }, "libc.so"],
    [{}, "unknown file"],
  ])("names the place of %j", (raw, place) => {
    expect(readFrame(raw).place).toBe(place);
  });

  // A source link comes from an integration, but an event could carry one as well.
  it("refuses a source link that is not http", () => {
    expect(readFrame({ sourceLink: "javascript:alert(1)" }).sourceLink).toBeNull();
    expect(readFrame({ sourceLink: "https://code.example/a#L1" }).sourceLink).toBe("https://code.example/a#L1");
  });

  // Recursion of a thousand calls would otherwise be a thousand rows.
  it("merges a frame that calls itself and keeps the newest call's variables", () => {
    const again = (depth: number) => ({ function: "walk", filename: "a", lineNo: 3, vars: { depth } });
    const [only, ...others] = readFrames({ frames: [again(1), again(2), again(3)] });
    expect(others).toEqual([]);
    expect(only).toMatchObject({ times: 3, variables: [{ name: "depth", text: "3" }] });
  });
});
