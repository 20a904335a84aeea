import { expect, it } from "vitest";

import { aPage, anIssue } from "@tests/issues";

import { newsIn, nextCursor, rowsMoved, rowsOf } from "./paging";

// A list that ends must end, and a server that repeats a cursor must not loop the reader.
it("follows each cursor once", () => {
  expect(nextCursor(aPage([], "b"), [null, "a"])).toBe("b");
  expect(nextCursor(aPage([], "a"), [null, "a"])).toBeUndefined();
  expect(nextCursor(aPage([]), [null])).toBeUndefined();
  expect(nextCursor(aPage([], ""), [null])).toBeUndefined();
});

// Pages shift while they are read; an issue seen twice is drawn once.
it("shows each issue once and only on its tab", () => {
  const pages = [aPage([anIssue({ id: "1" }), anIssue({ id: "2" })]), aPage([anIssue({ id: "2" }), anIssue({ id: "3", status: "resolved" })])];
  expect(rowsOf(pages, "unresolved").map(({ id }) => id)).toEqual(["1", "2"]);
  expect(rowsOf(pages, "all").map(({ id }) => id)).toEqual(["1", "2", "3"]);
});

// Resolving a row pulls a later one onto the first page: that is no news.
it("counts only issues that stand before known ones", () => {
  const shown = [anIssue({ id: "2" }), anIssue({ id: "3" })];
  const head = [anIssue({ id: "1" }), anIssue({ id: "2", count: "13" }), anIssue({ id: "3" }), anIssue({ id: "4" })];
  const news = newsIn(head, shown, "unresolved");
  expect(news.arrived).toBe(1);
  expect([...news.ticks.keys()]).toEqual(["2"]);
});

it("counts everything for a reader whose list was empty", () => {
  expect(newsIn([anIssue({ id: "1" }), anIssue({ id: "2", status: "resolved" })], [], "unresolved").arrived).toBe(1);
});

// Nothing moves under the eye: not for what comes above, and not for what goes there.
it.each([
  ["a row above went", ["a", "b", "c", "d"], ["b", "c", "d"], 2, -1],
  ["two came above", ["a", "b", "c"], ["x", "y", "a", "b", "c"], 1, 2],
  ["a row below went", ["a", "b", "c", "d"], ["a", "b", "c"], 1, 0],
  ["the row at the top itself went", ["a", "b", "c", "d"], ["b", "d"], 2, -1 - 1],
  ["the reader is at the very top", ["a", "b"], ["x", "a", "b"], 0, 0],
  ["it is another list altogether", ["a", "b"], ["x", "y"], 1, 0],
])("knows how far a list moved where %s", (_, before, after, top, moved) => {
  expect(rowsMoved(before, after, top)).toBe(moved);
});

// In a storm more may come than one page holds: the word for it must not vanish then.
it("counts a whole page of new issues", () => {
  expect(newsIn([anIssue({ id: "3" }), anIssue({ id: "2" })], [anIssue({ id: "1" })], "unresolved").arrived).toBe(2);
});
