import { expect, it } from "vitest";

import { readSavedViews, savedAs } from "./savedViews";
import { DEFAULT_VIEW } from "./view";

const ROWS = [
  { id: "a", name: "Fatal", address: { query: "level:fatal", level: [], sort: "date" }, visibility: "shared", owner_id: "9" },
  { id: "b", name: "Mine", address: { query: "assigned:me", nonsense: 1 }, visibility: "private", owner_id: "1" },
  { name: "no id" },
];

// A view of somebody else's can be read and not changed.
it("reads views and whose they are", () => {
  expect(readSavedViews(ROWS, "1").map(({ id, visibility, mine }) => [id, visibility, mine])).toEqual([
    ["a", "shared", false],
    ["b", "private", true],
  ]);
});

// The menu marks the view on screen however its address is spelled: defaults may be written out or left out.
it("recognizes the view on screen", () => {
  const views = readSavedViews(ROWS, "1");
  expect(savedAs({ ...DEFAULT_VIEW, query: "level:fatal" }, views)?.name).toBe("Fatal");
  expect(savedAs(DEFAULT_VIEW, views)).toBeNull();
});
