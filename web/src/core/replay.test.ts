import { describe, expect, it } from "vitest";

import { aFeedPage } from "@tests/feed";

import { readFeedPage } from "./feedList";
import { clockOf, fed, isHungry, isOver, LONGEST_WAIT_MS, nextTurn, NOT_BEGUN, played } from "./replay";

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 2, 3, 0, 0) + seconds * 1000).toISOString();
const page = (seconds: readonly number[], told = {}) => readFeedPage(aFeedPage(seconds.map((each, index) => [index + 1, { at: at(each) }]), told));

describe("a replay", () => {
  it("plays events in their order and ends with the log", () => {
    let replay = fed(NOT_BEGUN, page([0, 1, 2]));
    expect([isOver(NOT_BEGUN), isOver(replay)]).toEqual([false, false]);
    replay = played(replay, 1);
    expect([replay.played.map(({ position }) => position.offset), replay.queue.length, replay.count]).toEqual([[1], 2, 1]);
    replay = played(replay, 9);
    expect([replay.played.map(({ position }) => position.offset), replay.count, isOver(replay)]).toEqual([[3, 2, 1], 3, true]);
    expect(played(replay, 1)).toBe(replay);
  });

  it("reads on while there is more, and is over only then", () => {
    const replay = played(fed(NOT_BEGUN, page([0], { next: "e:1" })), 1);
    expect([isHungry(replay), isOver(replay)]).toEqual([true, false]);
    const more = fed(replay, readFeedPage(aFeedPage([[2, { at: at(1) }]])));
    expect([isHungry(more), more.queue.length]).toEqual([false, 1]);
  });

  it("waits as long as it took, less at speed, and never long", () => {
    const replay = played(fed(NOT_BEGUN, page([0, 2, 3600])), 1);
    expect(nextTurn(replay, "1")).toEqual({ waitMs: 2000, count: 1 });
    expect(nextTurn(replay, "10")).toEqual({ waitMs: 200, count: 1 });
    expect(nextTurn(played(replay, 1), "10")).toEqual({ waitMs: LONGEST_WAIT_MS, count: 1 });
    expect(nextTurn(replay, "all")).toEqual({ waitMs: 0, count: 2 });
  });

  it("begins at once, and tells together what happened at the same moment", () => {
    const replay = fed(NOT_BEGUN, page([0, 0.01, 0.02, 5]));
    expect(nextTurn(replay, "1")).toEqual({ waitMs: 0, count: 3 });
  });

  // A webhook that came late tells of what happened before.
  it("does not wait for what happened before", () => {
    expect(nextTurn(played(fed(NOT_BEGUN, page([10, 3])), 1), "1").waitMs).toBe(0);
  });

  it("knows what time it was", () => {
    const replay = fed(NOT_BEGUN, page([7, 9]));
    expect(clockOf(NOT_BEGUN)).toBeNull();
    expect(clockOf(replay)).toBe(Date.parse(at(7)));
    expect(clockOf(played(replay, 2))).toBe(Date.parse(at(9)));
  });

  it("says first what is gone", () => {
    const replay = fed(NOT_BEGUN, page([0], { missing: "trimmed" }));
    expect(replay.queue.map(({ kind }) => kind)).toEqual(["gap", "event"]);
    expect(played(replay, 2).count).toBe(1);
  });
});
