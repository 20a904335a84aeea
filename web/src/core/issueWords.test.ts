import { expect, it } from "vitest";

import { anIssue } from "@tests/issues";

import { doneWords, headline, levelWord, placeOf, stateWords, subjectOf } from "./issueWords";
import type { Issue, IssueUpdate } from "./model";

// Words for people: no field names, no exclamation marks.
it.each<[Partial<Issue>, string]>([
  [{ status: "unresolved", substatus: "regressed" }, "Regressed"],
  [{ status: "unresolved", substatus: null }, "Unresolved"],
  [{ status: "resolved" }, "Resolved"],
  [{ status: "resolved", statusDetails: { inNextRelease: true } }, "Resolved in the next release"],
  [{ status: "ignored", substatus: "archived_until_escalating" }, "Archived until it escalates"],
  [{ status: "ignored", substatus: "archived_until_condition_met", statusDetails: { ignoreCount: 100, ignoreWindow: 60 } }, "Archived until 100 more events within 1 hour"],
  [{ status: "ignored", substatus: "archived_until_condition_met", statusDetails: { ignoreUserCount: 1 } }, "Archived until 1 more user"],
  [{ status: "pending_deletion", substatus: null }, "Being deleted"],
])("%j is “%s”", (part, words) => {
  expect(stateWords(anIssue(part))).toBe(words);
});

it.each<[IssueUpdate, string]>([
  [{ status: "resolved" }, "Resolved SHOP-1"],
  [{ status: "resolved", resolve: { mode: "release", release: "2.0" } }, "Resolved SHOP-1 in 2.0"],
  [{ status: "archived" }, "Archived SHOP-1 until it escalates"],
  [{ status: "archived", archive: { mode: "for_duration", duration_minutes: 1440 } }, "Archived SHOP-1 for 1 day"],
  [{ status: "unresolved" }, "Reopened SHOP-1"],
  [{ assignee: null }, "Unassigned SHOP-1"],
  [{ assignee: "me" }, "Assigned SHOP-1 to you"],
  [{ priority: "low" }, "Set the priority of SHOP-1 to low"],
])("%j is told as “%s”", (update, words) => {
  expect(doneWords(update, "SHOP-1")).toBe(words);
});

// Messages carry no exception type; their title must not be lost or doubled.
it("finds the headline of errors and of messages", () => {
  expect(headline(anIssue())).toEqual({ type: "ValueError", value: "bad price" });
  expect(headline(anIssue({ metadata: { title: "Slow reply" } }))).toEqual({ type: "Slow reply", value: "" });
  expect(headline(anIssue({ metadata: {}, title: "" }))).toEqual({ type: "(no title)", value: "" });
});

// A row that says the same thing twice hides that there is nothing more to say.
it.each<[Partial<Issue>, string]>([
  [{}, "shop.cart in add"],
  [{ culprit: "bad price" }, ""],
  [{ metadata: { title: "Slow reply" }, culprit: "Slow reply" }, ""],
  [{ metadata: { title: "Slow reply" }, culprit: "shop.views" }, "shop.views"],
  [{ culprit: null }, ""],
])("%j broke at “%s”", (part, place) => {
  expect(placeOf(anIssue(part))).toBe(place);
});

it("names one issue and counts several", () => {
  expect(subjectOf([anIssue()])).toBe("SHOP-1");
  expect(subjectOf([anIssue(), anIssue({ id: "2" })])).toBe("2 issues");
  expect(levelWord("fatal")).toBe("Fatal");
});
