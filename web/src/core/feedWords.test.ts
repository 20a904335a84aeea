import { expect, it } from "vitest";

import { anEvent } from "@tests/feed";

import { changeWords, kindWord, sourceWord } from "./feedWords";

const nameOf = (word: string): string => (word === "user:2" ? "Grace" : word);
const line = (part: Parameters<typeof anEvent>[0]): string =>
  changeWords(anEvent(part), nameOf)
    .map(({ field, from, to }) => `${field === null ? "" : `${field}: `}${from === null ? "" : `${from} → `}${to}`)
    .join("; ");

it.each([
  [{}, "Ongoing → Resolved"],
  [{ type: "issue.archived", before: { status: "unresolved" }, after: { status: "ignored", substatus: "archived_until_escalating" } }, "Unresolved → Archived until it escalates"],
  [{ before: {} }, ""],
  [{ type: "issue.assigned", before: {}, after: { assignee: "user:2" } }, "To: Grace"],
  [{ type: "issue.assigned", before: { assignee: "" }, after: { assignee: "user:2" } }, "Nobody → Grace"],
  [{ type: "issue.assigned", before: { assignee: "user:2" }, after: { assignee: "" } }, "Grace → Nobody"],
  [{ type: "issue.updated", before: { priority: "low", count: 12 }, after: { priority: "high", count: 1500 } }, "Priority: Low → High; Events: 12 → 1,500"],
  [{ type: "issue.created", before: {}, after: { status: "unresolved", substatus: "new", assignee: "", priority: "high", count: 1 } }, "Priority: High"],
  [{ type: "issue.commented", before: { comments: 1 }, after: { comments: 2 }, data: { comment: "Mine" } }, "“Mine”; Comments: 1 → 2"],
  [{ type: "issue.merged", before: {}, after: { into: "9" } }, "Into issue 9"],
  [{ type: "issue.deleted", before: { status: "unresolved" }, after: {} }, ""],
  [{ type: "issue.updated", before: { labels: [] }, after: { labels: ["flaky", "ours"] } }, "Labels: none → flaky, ours"],
  [{ type: "alert.triggered", data: { title: "Too slow", level: "critical" } }, "Too slow (critical)"],
  [{ type: "job.progress", data: { state: "applying", counts: { total: 500, pending: 380, failed: 2 } } }, "Under way · 120 of 500 issues · 2 failed"],
  [{ type: "gateway.breaker", data: { call_class: "read-issues", state: "open", last_failure: "503" } }, "Reading issues: held back (503)"],
  [{ type: "gateway.quota", data: { endpoint: "issues.list", method: "GET", reason: "too_many" } }, "Sentry refused GET issues.list: too many"],
])("tells %j as people would", (part, words) => expect(line(part)).toBe(words));

it("names kinds and sources, and leaves unknown ones as they are", () => {
  expect(kindWord(anEvent({ type: "issue.regressed" }))).toBe("Regressed");
  expect(kindWord(anEvent({ type: "issue.assigned", after: { assignee: "" } }))).toBe("Unassigned");
  expect(kindWord(anEvent({ type: "moon.risen" }))).toBe("moon: risen");
  expect([sourceWord("poll"), sourceWord("owl")]).toEqual(["Poll", "owl"]);
});
