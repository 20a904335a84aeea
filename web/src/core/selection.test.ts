import { expect, it } from "vitest";

import { activeAfter, extendTo, moveActive, NOTHING_SELECTED, prune, toggle, toggleAll } from "./selection";

const ORDER = ["a", "b", "c", "d", "e"];
const ids = (selection: { ids: ReadonlySet<string> }) => [...selection.ids].sort().join("");

// The same key selects and deselects.
it("toggles one", () => {
  const once = toggle(NOTHING_SELECTED, "b");
  expect(ids(once)).toBe("b");
  expect(ids(toggle(once, "b"))).toBe("");
});

// A range runs from the last issue toggled, in either direction, and keeps what was chosen before.
it.each([
  ["b", "d", "bcd"],
  ["d", "b", "bcd"],
  ["c", "c", "c"],
])("extends from %s to %s", (from, to, chosen) => {
  expect(ids(extendTo(toggle(NOTHING_SELECTED, from), to, ORDER))).toBe(chosen);
});

// Without a place to start from a range is one issue.
it("starts a range where none was begun", () => {
  expect(ids(extendTo(NOTHING_SELECTED, "c", ORDER))).toBe("c");
  expect(ids(extendTo(toggle(NOTHING_SELECTED, "gone"), "c", ORDER))).toBe("cgone");
});

it("selects all that are loaded, then none", () => {
  const all = toggleAll(NOTHING_SELECTED, ORDER);
  expect(ids(all)).toBe("abcde");
  expect(ids(toggleAll(all, ORDER))).toBe("");
  expect(ids(toggleAll(NOTHING_SELECTED, []))).toBe("");
});

// An action must never reach a row that is not shown.
it("drops what has left the list", () => {
  const selection = toggle(toggle(NOTHING_SELECTED, "a"), "e");
  expect(ids(prune(selection, ["a", "b"]))).toBe("a");
  expect(prune(selection, ORDER)).toBe(selection);
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
