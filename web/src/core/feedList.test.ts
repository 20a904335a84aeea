import { describe, expect, it } from "vitest";

import { aFeedPage, anEvent } from "@tests/feed";

import { type FeedList, type FeedNews, heard, isFull, listOf, MOST_ROWS, newsOf, placeBefore, readFeedPage, shown, withOlder } from "./feedList";

const page = (offsets: readonly number[], told = {}) => readFeedPage(aFeedPage(offsets.map((offset) => [offset, {}]), told));
const event = (offset: number, epoch = "e"): FeedNews => ({ kind: "event", position: { epoch, offset }, event: anEvent() });
const all = (): boolean => true;
const offsets = (rows: FeedList["rows"]) => rows.map(({ kind, position }) => (kind === "gap" ? `gap ${position.offset}` : position.offset));

describe("a list of the feed", () => {
  it("lets what comes wait, once each, and shows it at the top when asked to", () => {
    const list = heard(listOf(page([3, 2])), [event(2), event(3), event(4), event(5)], all);
    expect([offsets(list.rows), offsets(list.waiting), list.arrived]).toEqual([[3, 2], [5, 4], 2]);
    const after = shown(heard(list, [event(4), event(6)], all));
    expect([offsets(after.rows), offsets(after.waiting), after.arrived]).toEqual([[6, 5, 4, 3, 2], [], 0]);
  });

  it("knows its place, also by what it does not show", () => {
    const list = heard(listOf(page([3])), [event(4)], () => false);
    expect([list.known.offset, list.arrived, list.waiting]).toEqual([4, 0, []]);
  });

  it("says where events are gone, and how many where that is known", () => {
    const list = heard(listOf(page([3])), [{ kind: "gap", position: { epoch: "e", offset: 40 }, why: "trimmed" }, event(41)], all);
    expect(offsets(list.waiting)).toEqual([41, "gap 40"]);
    expect(list.waiting[1]).toMatchObject({ why: "trimmed", lost: 37 });
    const anew = heard(list, [{ kind: "gap", position: { epoch: "f", offset: 0 }, why: "epoch" }, event(1, "f")], all);
    expect(anew.waiting[1]).toMatchObject({ why: "epoch", lost: null });
    expect(anew.known).toEqual({ epoch: "f", offset: 1 });
  });

  // A connection that comes back late is told of a gap that the page has closed already.
  it("does not take for missing what it has read", () => {
    const list = listOf(page([50, 49], { oldest: 40 }));
    expect(heard(list, [{ kind: "gap", position: { epoch: "e", offset: 45 }, why: "trimmed" }], all)).toBe(list);
  });

  it("keeps rows apart whose places the log gives a second time", () => {
    const list = shown(heard(listOf(page([3, 2])), [{ kind: "gap", position: { epoch: "e", offset: 2 }, why: "ahead" }, event(3)], all));
    expect(offsets(list.rows)).toEqual([3, "gap 2", 3, 2]);
    expect(new Set(list.rows.map(({ id }) => id)).size).toBe(4);
  });

  it("goes on to older pages, and ends with the log", () => {
    const first = listOf(page([5, 4], { next: "e:4" }));
    const second = withOlder(first, page([4, 3], { newest: 5 }));
    expect([offsets(second.rows), second.older, second.trimmed]).toEqual([[5, 4, 3], null, false]);
    const lost = withOlder(first, page([], { epoch: "f", missing: "epoch" }));
    expect([offsets(lost.rows), lost.older, lost.trimmed]).toEqual([[5, 4, "gap 3"], null, true]);
  });

  // An open tab must not grow for a week.
  it("keeps the newest rows, and finds those that went again", () => {
    const news = Array.from({ length: MOST_ROWS + 5 }, (_, index) => event(index + 4));
    const waiting = heard(listOf(page([3, 2])), news, all);
    expect([waiting.waiting.length, waiting.arrived]).toEqual([MOST_ROWS, MOST_ROWS + 5]);
    const list = shown(waiting);
    expect([list.rows.length, list.older, isFull(list)]).toEqual([MOST_ROWS, "e:9", true]);
    expect(list.rows.at(-1)?.position.offset).toBe(9);
  });

  it("takes rubbish for an empty page", () => {
    expect(readFeedPage("half a mess").rows).toEqual([]);
    expect(readFeedPage({ data: [{ kind: "event" }, null], meta: { oldest: "x" } })).toMatchObject({ rows: [], oldest: 0, next: null });
  });
});

it("makes news of a page in order, with what is missing before it", () => {
  expect(newsOf(page([8, 9], { missing: "trimmed" })).map(({ kind, position }) => [kind, position.offset])).toEqual([["gap", 7], ["event", 8], ["event", 9]]);
  expect(newsOf(page([], { missing: "epoch", newest: 4 })).map(({ kind, position }) => [kind, position.offset])).toEqual([["gap", 4]]);
});

it("names the place before a row, from which on the row is the first that is told", () => {
  const [row] = page([8]).rows;
  expect(row && placeBefore(row)).toBe("e:7");
});
