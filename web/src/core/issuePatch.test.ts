import { describe, expect, it } from "vitest";

import { anIssue } from "@tests/issues";

import { belongs, patched, tookEffect, undoOf } from "./issuePatch";
import type { Issue, IssueUpdate } from "./model";

const NOW = Date.parse("2026-01-10T00:00:00Z");
const status = ({ status: state, substatus, statusDetails }: Issue) => ({ status: state, substatus, statusDetails });

const STATUS_CASES: [IssueUpdate, ReturnType<typeof status>][] = [
  [{ status: "resolved" }, { status: "resolved", substatus: null, statusDetails: {} }],
  [{ status: "resolved", resolve: { mode: "next_release" } }, { status: "resolved", substatus: null, statusDetails: { inNextRelease: true } }],
  [{ status: "resolved", resolve: { mode: "release", release: "2.0" } }, { status: "resolved", substatus: null, statusDetails: { inRelease: "2.0" } }],
  [{ status: "archived" }, { status: "ignored", substatus: "archived_until_escalating", statusDetails: {} }],
  [{ status: "archived", archive: { mode: "forever" } }, { status: "ignored", substatus: "archived_forever", statusDetails: {} }],
  [
    { status: "archived", archive: { mode: "for_duration", duration_minutes: 60 } },
    { status: "ignored", substatus: "archived_until_condition_met", statusDetails: { ignoreUntil: "2026-01-10T01:00:00.000Z" } },
  ],
  [
    { status: "archived", archive: { mode: "until_count", count: 5, window_minutes: 30 } },
    { status: "ignored", substatus: "archived_until_condition_met", statusDetails: { ignoreCount: 5, ignoreWindow: 30 } },
  ],
  [
    { status: "archived", archive: { mode: "until_users", users: 7 } },
    { status: "ignored", substatus: "archived_until_condition_met", statusDetails: { ignoreUserCount: 7, ignoreUserWindow: null } },
  ],
  [{ status: "unresolved" }, { status: "unresolved", substatus: "ongoing", statusDetails: {} }],
];

describe("the optimistic patch", () => {
  // The row must look at once as Sentry will give it back.
  it.each(STATUS_CASES)("%j", (update, expected) => {
    expect(status(patched(anIssue(), update, { nowMs: NOW }))).toEqual(expected);
  });

  // "me" is only known to Sentry: nothing is invented until it answers.
  it("leaves the assignee alone when it cannot know them", () => {
    const ada = { type: "user", id: "1", name: "Ada" } as const;
    expect(patched(anIssue(), { assignee: "me" }, { nowMs: NOW }).assignedTo).toBeNull();
    expect(patched(anIssue(), { assignee: "user:1" }, { nowMs: NOW, assignee: ada }).assignedTo).toEqual(ada);
    expect(patched(anIssue({ assignedTo: ada }), { assignee: null }, { nowMs: NOW, assignee: null }).assignedTo).toBeNull();
  });
});

describe("undo", () => {
  // Undoing must restore how it was, not only that it was.
  it.each(STATUS_CASES.slice(0, -1))("comes back to %j", (update) => {
    const before = patched(anIssue(), update, { nowMs: NOW });
    const undo = undoOf(before, { status: "unresolved" }, NOW);
    expect(status(patched(anIssue(), undo, { nowMs: NOW }))).toEqual(status(before));
  });

  it("puts back only what the update changes", () => {
    const before = anIssue({ assignedTo: { type: "team", id: "4", name: "backend" }, priority: "high" });
    expect(undoOf(before, { assignee: null }, NOW)).toEqual({ assignee: "team:4" });
    expect(undoOf(before, { priority: "low" }, NOW)).toEqual({ priority: "high" });
    expect(undoOf(before, { status: "resolved" }, NOW)).toEqual({ status: "unresolved" });
  });
});

// Sentry's search lags its writes: a list may still hold what was just resolved, and it must not come back on screen.
it("knows which tab an issue belongs on", () => {
  const resolved = anIssue({ status: "resolved" });
  expect(belongs(resolved, "unresolved")).toBe(false);
  expect(belongs(resolved, "for_review")).toBe(false);
  expect(belongs(resolved, "resolved")).toBe(true);
  expect(belongs(resolved, "all")).toBe(true);
  expect(belongs(anIssue({ status: "ignored" }), "archived")).toBe(true);
});

// A toast may only claim what Sentry's answer shows.
it.each<[IssueUpdate, Partial<Issue>, boolean]>([
  [{ status: "resolved" }, { status: "resolved" }, true],
  [{ status: "resolved" }, { status: "unresolved" }, false],
  [{ status: "archived" }, { status: "ignored" }, true],
  [{ priority: "high" }, { priority: "low" }, false],
  [{ assignee: "user:1" }, { assignedTo: null }, false],
  [{ assignee: null }, { assignedTo: null }, true],
])("%j with %j in the answer took effect: %s", (update, part, effect) => {
  expect(tookEffect(update, anIssue(part))).toBe(effect);
});
