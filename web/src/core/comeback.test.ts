import { describe, expect, it } from "vitest";

import { comebackAt, silentRetryMs } from "./comeback";

const failed = (retryable: boolean, waitS: number | null) => ({ retryable, at: 1000, retryAt: waitS === null ? null : 1000 + waitS * 1000 });

describe("another try", () => {
  it.each([
    ["at the moment the gateway names", failed(true, 57), 58_000],
    ["a while later where it names none", failed(true, null), 16_000],
    ["never where it cannot help", failed(false, 3), null],
  ])("by itself: %s", (_, failure, expected) => {
    expect(comebackAt(failure)).toBe(expected);
  });

  // Two blind retries kept a skeleton on screen for five seconds although the gateway had said when to come back.
  it.each([
    ["soon, where nobody says when", 0, failed(true, null), 1000],
    ["at the moment named, when that is near", 0, failed(true, 2), 2000],
    ["not when it is far: the reader is told", 0, failed(true, 5), null],
    ["once only", 1, failed(true, null), null],
    ["not where it cannot help", 0, failed(false, null), null],
  ])("unseen: %s", (_, failures, failure, expected) => {
    expect(silentRetryMs(failures, failure, 1000)).toBe(expected);
  });
});
