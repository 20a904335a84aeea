import { describe, expect, it } from "vitest";

import { safeLink } from "./safeLink";

describe("safeLink", () => {
  // A link from an event is an address its author chose for the reader to open.
  it.each([
    ["https://shop.example/a?b=1#c", "https://shop.example/a?b=1#c"],
    ["HTTP://shop.example", "http://shop.example/"],
    ["javascript:alert(1)", null],
    [" javascript:alert(1)", null],
    ["java\nscript:alert(1)", null],
    ["data:text/html,<script>alert(1)</script>", null],
    ["file:///etc/passwd", null],
    ["//evil.example", null],
    ["/relative", null],
    ["https:///evil.example", null],
    ["https:\\\\evil.example", null],
    ["https://sentry.io@evil.example/", null],
    ["https://a.example/\u202Egpj.exe", null],
    ["https://a.example/a b", null],
    ["https://", null],
    ["https://[", null],
    [`https://a.example/${"x".repeat(3_000)}`, null],
    [null, null],
    [{ href: "https://a.example" }, null],
  ])("%j gives %j", (value, expected) => {
    expect(safeLink(value)).toBe(expected);
  });
});
