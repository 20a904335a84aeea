import { expect, it } from "vitest";

import { heldBy, labelColor, newLabelName, NO_MARKS, withLabel } from "./labels";

const flaky = { name: "flaky", color: "#1f8a4c" };

// A name that differs by case only would be two labels to the reader and one to the database.
it.each([
  ["  needs   info ", "needs info"],
  ["", null],
  ["FLAKY", null],
  ['say "x"', null],
  ["a".repeat(65), null],
])("creates from %j the label %j", (typed, name) => {
  expect(newLabelName(typed, [flaky])).toBe(name);
});

it("adds and takes off, each once and in order", () => {
  const both = withLabel(withLabel(NO_MARKS, { name: "zoo", color: "#111111" }, true), flaky, true);
  expect(withLabel(both, flaky, true).labels.map(({ name }) => name)).toEqual(["flaky", "zoo"]);
  expect(withLabel(both, flaky, false).labels.map(({ name }) => name)).toEqual(["zoo"]);
});

it.each([
  [[], "none"],
  [[withLabel(NO_MARKS, flaky, true)], "all"],
  [[withLabel(NO_MARKS, flaky, true), NO_MARKS], "some"],
] as const)("tells of %j that %s hold it", (marks, held) => {
  expect(heldBy("flaky", marks)).toBe(held);
});

// A colour goes into a style; whatever else somebody stores there must not.
it("draws plain colours only", () => {
  expect(labelColor("#1f8a4c")).toBe("#1f8a4c");
  expect(labelColor("red;background:url(x)")).toBe("#7a818c");
});
