import { expect, it } from "vitest";

import {
  activeAfter, bulkSelectionOf, EVERY_MATCH, extendTo, isChosen, isEmpty, moveActive, NOTHING_SELECTED, pageIsChosen, scopeOf, type Selection, sizeOf, toggle,
  togglePage, without,
} from "./selection";
import { DEFAULT_VIEW } from "./view";

const ORDER = ["a", "b", "c", "d", "e"];
const chosen = (selection: Selection, order = ORDER) => order.filter((id) => isChosen(selection, id)).join("");

// The same key selects and deselects, among some and among all.
it("toggles one", () => {
  const once = toggle(NOTHING_SELECTED, "b");
  expect(chosen(once)).toBe("b");
  expect(chosen(toggle(once, "b"))).toBe("");
  expect(chosen(toggle(EVERY_MATCH, "b"))).toBe("acde");
  expect(chosen(toggle(toggle(EVERY_MATCH, "b"), "b"))).toBe("abcde");
});

// A range runs from the last issue toggled, in either direction, and keeps what was chosen before.
it.each([
  ["b", "d", "bcd"],
  ["d", "b", "bcd"],
  ["c", "c", "c"],
])("extends from %s to %s", (from, to, expected) => {
  expect(chosen(extendTo(toggle(NOTHING_SELECTED, from), to, ORDER))).toBe(expected);
});

// Among all, a range takes out what its start took out.
it("takes a range out of all", () => {
  expect(chosen(extendTo(toggle(EVERY_MATCH, "b"), "d", ORDER))).toBe("ae");
});

// Without a place to start from a range is one issue.
it("starts a range where none was begun", () => {
  expect(chosen(extendTo(NOTHING_SELECTED, "c", ORDER))).toBe("c");
  expect(sizeOf(extendTo(toggle(NOTHING_SELECTED, "gone"), "c", ORDER), null)).toBe(2);
});

// What was chosen on an earlier page must outlast the loading of another.
it("toggles what is loaded and leaves the rest alone", () => {
  const earlier = toggle(NOTHING_SELECTED, "z");
  const all = togglePage(earlier, ORDER);
  expect(pageIsChosen(all, ORDER)).toBe(true);
  expect(sizeOf(all, null)).toBe(6);
  expect(sizeOf(togglePage(all, ORDER), null)).toBe(1);
  expect(pageIsChosen(togglePage(NOTHING_SELECTED, []), [])).toBe(false);
});

// "All 4,312 matching" less the two that were taken out again is 4,310.
it("counts all but the exceptions, and does not invent a count", () => {
  const most = toggle(toggle(EVERY_MATCH, "a"), "b");
  expect(sizeOf(most, 4312)).toBe(4310);
  expect(sizeOf(most, null)).toBeNull();
  expect(isEmpty(most, 2)).toBe(true);
  expect(isEmpty(NOTHING_SELECTED, 10)).toBe(true);
});

// An action must never reach an issue that has left the list.
it("drops what has left the list", () => {
  const selection = toggle(toggle(NOTHING_SELECTED, "a"), "e");
  expect(chosen(without(selection, new Set(["e"])))).toBe("a");
  expect(without(selection, new Set(["b"]))).toBe(selection);
  expect(without(EVERY_MATCH, new Set(["b"]))).toBe(EVERY_MATCH);
});

// The gateway resolves a query itself; ids go as ids.
it("gives the gateway ids, or the query and its exceptions", () => {
  expect(bulkSelectionOf(toggle(NOTHING_SELECTED, "7"), DEFAULT_VIEW)).toEqual({ ids: ["7"] });
  const view = { ...DEFAULT_VIEW, query: " level:fatal ", project: ["shop"] };
  expect(bulkSelectionOf(toggle(EVERY_MATCH, "7"), view)).toEqual({ query: "level:fatal", status: "unresolved", period: "14d", project: ["shop"], exclude: ["7"] });
});

// Sorting shows the same issues in another order; another search shows others.
it("has one scope for every order", () => {
  expect(scopeOf({ ...DEFAULT_VIEW, sort: "freq" })).toBe(scopeOf(DEFAULT_VIEW));
  expect(scopeOf({ ...DEFAULT_VIEW, query: "x" })).not.toBe(scopeOf(DEFAULT_VIEW));
});

it.each([
  [null, 1, "a"],
  ["a", 1, "b"],
  ["a", -1, "a"],
  ["e", 1, "e"],
  ["gone", 1, "a"],
])("from %s by %d goes to %s", (active, step, reached) => {
  expect(moveActive(active, step, ORDER)).toBe(reached);
});

// After resolving a row the next one is under the hand, so that a morning is e, e, e.
it.each([
  ["b", ["b"], "c"],
  ["e", ["e"], "d"],
  ["b", ["b", "c"], "d"],
  ["b", ["c"], "b"],
  ["a", ORDER, null],
])("when %s is active and %j leave, %s is next", (active, leaving, next) => {
  expect(activeAfter(active, new Set(leaving), ORDER)).toBe(next);
});
