import { expect, it } from "vitest";

import { browserWords, expiryWords, passwordFault, rolesWords } from "./people";

// A reader looks for the laptop they left open, not for a version number.
it.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome on macOS"],
  ["Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iOS"],
  ["curl/8.5.0", "curl/8.5.0"],
  ["", "Unknown client"],
])("calls %s %s", (userAgent, words) => {
  expect(browserWords(userAgent)).toBe(words);
});

it.each([
  [{ is_admin: true, roles: {} }, "Administrator"],
  [{ is_admin: false, roles: {} }, "No role yet"],
  [{ is_admin: false, roles: { "*": "viewer", acme: "triager" } as const }, "viewer in every organization, triager in acme"],
])("says what %j is", (person, words) => {
  expect(rolesWords(person)).toBe(words);
});

it.each([
  [null, "Never expires"],
  ["2026-01-01T12:00:00Z", "Expires today"],
  ["2026-01-02T01:00:00Z", "Expires in 1 day"],
  ["2026-03-01T00:00:00Z", "Expires in 59 days"],
  ["2025-12-31T00:00:00Z", "Expired"],
])("says until when %s is", (at, words) => {
  expect(expiryWords(at, Date.parse("2026-01-01T00:00:00Z"))).toBe(words);
});

it("refuses a short password and one that was mistyped", () => {
  expect(passwordFault("short", "short")).toContain("10 characters");
  expect(passwordFault("long enough", "long enougj")).toContain("not the same");
  expect(passwordFault("long enough", "long enough")).toBeNull();
});
