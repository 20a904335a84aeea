import { expect, it } from "vitest";

import { isAtHand, type Job, operationsOf, progressOf, takesAway, undoLeftMs, withOperation } from "./job";
import { aJob } from "./job.fixture";
import { differences, facts, jobStateWords, jobTitle, operationWords, reportWords, valueWords } from "./words";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const MINUTE = 60_000;
const at = (ms: number) => new Date(ms).toISOString();

// Everything a job does is said before it is done, so every operation must have its words.
it.each([
  [{ op: "status", status: "resolved" }, "Resolve"],
  [{ op: "status", status: "resolved", resolve: { mode: "next_release" } }, "Resolve in the next release"],
  [{ op: "status", status: "archived", archive: { mode: "for_duration", duration_minutes: 60 } }, "Archive for 1 hour"],
  [{ op: "assign", assignee: "user:2" }, "Assign to Grace"],
  [{ op: "assign", assignee: null }, "Assign to nobody"],
  [{ op: "priority", priority: "high" }, "Set the priority to high"],
  [{ op: "label", add: ["flaky"], remove: ["old"] }, "Add the label flaky, remove the label old"],
  [{ op: "seen", value: false }, "Mark as unseen"],
  [{ op: "delete" }, "Delete"],
] as const)("says %j as %s", (operation, words) => {
  expect(operationWords(operation, () => "Grace")).toBe(words);
});

// What ends an issue leaves nothing for another operation to do.
it("holds one operation of each kind, and nothing beside a deletion", () => {
  const two = withOperation(withOperation([], { op: "priority", priority: "low" }), { op: "seen", value: true });
  expect(two).toHaveLength(2);
  expect(withOperation(two, { op: "priority", priority: "high" })).toContainEqual({ op: "priority", priority: "high" });
  expect(withOperation(two, { op: "priority", priority: "high" })).toHaveLength(2);
  expect(withOperation(two, { op: "delete" })).toEqual([{ op: "delete" }]);
  expect(withOperation([{ op: "delete" }], { op: "seen", value: true })).toEqual([{ op: "seen", value: true }]);
});

it("says an update of one issue as operations", () => {
  const operations = operationsOf({ status: "archived", archive: { mode: "forever" }, assignee: null });
  expect(operations).toEqual([{ op: "status", status: "archived", archive: { mode: "forever" } }, { op: "assign", assignee: null }]);
  expect(takesAway(operations)).toBe(true);
  expect(takesAway(operationsOf({ priority: "low" }))).toBe(false);
});

it("tells how far it is and what became of the issues", () => {
  const job = aJob({ state: "applying", counts: { total: 200, pending: 50, done: 140, unchanged: 8, skipped: 0, failed: 2, unknown: 0 }, eta_s: 12 });
  expect(progressOf(job)).toBe(0.75);
  expect(jobStateWords(job)).toBe("150 of 200, about 12 s left");
  expect(reportWords(job.counts)).toBe("140 done, 8 already so, 2 failed");
  expect(jobTitle(job)).toBe("Resolve · 200 issues");
  expect(jobStateWords({ ...job, state: "paused", reason: "Sentry does not answer", resumes_at: at(NOW) })).toBe("Paused at 150 of 200. Sentry does not answer. It goes on by itself");
  expect(jobStateWords({ ...job, wish: "cancel" })).toBe("Cancelling, once what is under way has ended");
});

// Undo is offered for as long as the gateway says, and never twice.
it("knows for how long it can be taken back", () => {
  const undo = { possible: true, until: at(NOW + 5 * MINUTE), of: null, by: null, why: null };
  const done = aJob({ state: "done", undo });
  expect(undoLeftMs(done, NOW)).toBe(5 * MINUTE);
  expect(undoLeftMs(done, NOW + 6 * MINUTE)).toBe(0);
  expect(undoLeftMs({ ...done, undo: { ...undo, by: "other" } }, NOW)).toBe(0);
  expect(undoLeftMs({ ...done, state: "applying" }, NOW)).toBe(0);
});

// A preview that nobody confirmed is no job to the reader; one that ran stays at hand for a while.
it.each<[Partial<Job>, boolean]>([
  [{ state: "previewed" }, false],
  [{ state: "applying", started_at: at(NOW) }, true],
  [{ state: "resolving", operations: [{ op: "undo", job: "job-0" }], undo: { possible: false, until: null, of: "job-0", by: null, why: null } }, true],
  [{ state: "cancelled", started_at: null, finished_at: at(NOW) }, false],
  [{ state: "done", started_at: at(NOW), finished_at: at(NOW - 5 * MINUTE) }, true],
  [{ state: "done", started_at: at(NOW), finished_at: at(NOW - 40 * MINUTE) }, false],
])("keeps %j at hand: %s", (part, kept) => {
  expect(isAtHand(aJob(part), [], NOW)).toBe(kept);
  expect(isAtHand(aJob(part), ["job-1"], NOW)).toBe(false);
});

it("names what differs between two images", () => {
  expect(differences({ status: "unresolved", assignee: null }, { status: "ignored", assignee: { name: "Grace" } })).toEqual([
    { field: "Status", from: "unresolved", to: "archived" },
    { field: "Assignee", from: "nothing", to: "Grace" },
  ]);
  expect(differences({ status: "resolved" }, { status: "resolved" })).toEqual([]);
  expect(valueWords(["a", "b"])).toBe("a, b");
  expect(facts("(not known)")).toEqual([{ field: "Values", value: "(not known)" }]);
  expect(facts({ id: "7", name: "flaky", color: null })).toEqual([{ field: "Name", value: "flaky" }]);
});
