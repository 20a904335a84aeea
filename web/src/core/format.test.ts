import { expect, it } from "vitest";

import { ago, compactCount, counted, epochMs, lengthWords, shortSpan } from "./format";

// A column is four figures wide, and "10k" must never stand for less than ten thousand.
it.each([
  [0, "0"],
  [999, "999"],
  [1000, "1k"],
  [1249, "1.2k"],
  [9999, "9.9k"],
  [12_431, "12.4k"],
  [340_200, "340k"],
  [999_999, "999k"],
  [1_200_000, "1.2m"],
  [Number.NaN, "–"],
])("%d is shown as %s", (value, shown) => {
  expect(compactCount(value)).toBe(shown);
});

// Ages are read at a glance in the largest unit.
it.each([
  [-5, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [3600, "1 h"],
  [86_400 * 13, "13 d"],
  [86_400 * 14, "2 wk"],
  [86_400 * 61, "2 mo"],
  [86_400 * 800, "2 yr"],
])("%d seconds are %s", (seconds, words) => {
  expect(shortSpan(seconds)).toBe(words);
});

// A clock that runs ahead must not make issues of the future.
it("says how long ago", () => {
  expect(ago(null, 0)).toBe("never");
  expect(ago(5000, 0)).toBe("just now");
  expect(ago(0, 180_000)).toBe("3 min ago");
});

// Sentry sends null for times it does not know; neither that nor rubbish may become 1970.
it("reads times or admits that it cannot", () => {
  expect(epochMs("2026-01-01T00:00:00Z")).toBe(1_767_225_600_000);
  expect(epochMs(null)).toBeNull();
  expect(epochMs("yesterday")).toBeNull();
});

// One event is not "1 events".
it("counts nouns and names lengths", () => {
  expect(counted(1, "event")).toBe("1 event");
  expect(counted(12_000, "event")).toBe("12,000 events");
  expect([30, 60, 120, 1440, 10_080].map(lengthWords)).toEqual(["30 minutes", "1 hour", "2 hours", "1 day", "7 days"]);
});
