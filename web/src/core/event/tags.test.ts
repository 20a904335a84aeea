import { describe, expect, it } from "vitest";

import { readDistributions, searchTerm } from "./tags";

describe("tag distributions", () => {
  const [browser, empty] = readDistributions(
    [
      {
        key: "browser",
        name: "Browser",
        totalValues: 1_000,
        topValues: [
          { value: "Chrome 83", name: "Chrome 83", count: 900 },
          { value: "", count: 3 },
          { value: "Edge", count: "50" },
          { value: "Opera", count: 4 },
        ],
      },
      { key: "level", totalValues: 0, topValues: null },
      { name: "no key" },
    ],
    3,
  );

  // Shares are of all events, so that the bars say "most" only when it is most.
  it("gives each value its share and puts the rest together", () => {
    expect(browser?.shares.map((item) => [item.label, item.percentText])).toEqual([
      ["Chrome 83", "90%"],
      ["Edge", "5%"],
      ["Opera", "<1%"],
    ]);
    expect(browser?.rest).toMatchObject({ count: 46, percentText: "5%" });
    expect(empty).toMatchObject({ key: "level", name: "level", total: 0, shares: [], rest: null });
  });

  // Sentry's total lags behind its values; a bar longer than its track or "130%" would look broken.
  it("never exceeds a hundred percent", () => {
    const [only] = readDistributions([{ key: "a", totalValues: 10, topValues: [{ value: "x", count: 13 }] }]);
    expect(only?.shares[0]).toMatchObject({ percent: 100, percentText: "100%" });
    expect(only?.rest).toBeNull();
  });

  // 100% and 0% are claims about all and none.
  it("says more than 99% rather than all", () => {
    const [only] = readDistributions([{ key: "a", totalValues: 1_000, topValues: [{ value: "x", count: 999 }] }]);
    expect(only?.shares[0]?.percentText).toBe(">99%");
  });

  // The term goes into Sentry's search: it must mean this value and nothing more.
  it.each([
    ["environment", "production", "environment:production"],
    ["browser", "Chrome 83", 'browser:"Chrome 83"'],
    ["url", "https://a.example/*", String.raw`url:"https://a.example/\*"`],
    ["q", 'say "hi" \\', String.raw`q:"say \"hi\" \\"`],
    ["release", ">1.0", 'release:">1.0"'],
    ["list", "[a,b]", 'list:"[a,b]"'],
    ["a", "", "!has:a"],
    ["ns:key", "x", '"ns:key":x'],
  ])("writes %s=%s as %s", (key, value, expected) => {
    expect(searchTerm(key, value)).toBe(expected);
  });

  it.each([
    ["bad key", "x"],
    ["k) OR (is", "x"],
    ["k", "a\nb"],
  ])("offers no search for %j=%j", (key, value) => {
    expect(searchTerm(key, value)).toBeNull();
  });
});
