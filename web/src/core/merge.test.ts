import { expect, it } from "vitest";

import { anIssue } from "@tests/issues";

import { compared, mergeRefusal, parentOf } from "./merge";

const small = anIssue({ id: "1", count: "3" });
const large = anIssue({ id: "2", count: "900", culprit: "shop.pay in charge" });

// The larger issue keeps its name and history; that is what the reader expects to survive.
it("lets the issue with most events survive, of equals the older", () => {
  expect(parentOf([small, large])?.id).toBe("2");
  expect(parentOf([anIssue({ id: "1" }), anIssue({ id: "2", firstSeen: "2020-01-01T00:00:00Z" })])?.id).toBe("2");
  expect(parentOf([])).toBeUndefined();
});

it("marks what differs", () => {
  const rows = compared([small, large], [["Release", ["1.0", "1.0"]]]);
  expect(rows.filter(({ differs }) => differs).map(({ label }) => label)).toEqual(["Culprit", "Events"]);
  expect(rows.at(-1)).toEqual({ label: "Release", values: ["1.0", "1.0"], differs: false });
});

it.each([
  [[small], /two issues/],
  [[small, anIssue({ id: "3", project: { id: "9", slug: "other", name: "Other" } })], /one project/],
])("says why it cannot merge", (issues, reason) => {
  expect(mergeRefusal(issues)).toMatch(reason);
});

it("merges issues of one project", () => {
  expect(mergeRefusal([small, large])).toBeNull();
});
