import { expect, it } from "vitest";

import { anIssue } from "@tests/issues";

import { gathered, type Parcel } from "./batch";

const NONE: ReadonlyMap<string, Parcel> = new Map();

// Resolving and assigning the same issue in one breath is one request, and is taken back as one.
it("joins what is asked of one issue", () => {
  const before = anIssue({ id: "1" });
  const first = gathered(NONE, { issue: before, update: { priority: "high" } });
  const both = gathered(first, { issue: { ...before, priority: "high" }, update: { assignee: "me" } });
  expect(both.get("1")).toEqual({ before, update: { priority: "high", assignee: "me" } });
});

// The last word counts: archived, then resolved, must not be sent with the archive's condition.
it("lets a later state replace an earlier one with its condition", () => {
  const issue = anIssue();
  const archived = gathered(NONE, { issue, update: { status: "archived", archive: { mode: "forever" } } });
  expect(gathered(archived, { issue, update: { status: "resolved" } }).get("1")?.update).toEqual({ status: "resolved" });
});

it("keeps other issues apart", () => {
  const two = gathered(gathered(NONE, { issue: anIssue({ id: "1" }), update: { seen: true } }), { issue: anIssue({ id: "2" }), update: { seen: true } });
  expect([...two.keys()]).toEqual(["1", "2"]);
});
