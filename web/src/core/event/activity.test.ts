import { describe, expect, it } from "vitest";

import { readActivity } from "./activity";

const user = { id: "1", name: "Ada Lovelace", email: "ada@shop.example" };
const said = (type: string, data: unknown, by: unknown = user) => {
  const [only] = readActivity([{ id: "9", type, data, user: by, dateCreated: "2026-11-24T07:00:00Z" }]);
  return `${only?.actor ?? ""} ${only?.deed ?? ""}`;
};

describe("activity in words", () => {
  // The column tells the issue's story; Sentry's own type names would make it a log.
  it.each([
    ["set_resolved", {}, "Ada Lovelace resolved it"],
    ["set_resolved_in_release", { version: "" }, "Ada Lovelace resolved it in the next release"],
    ["set_resolved_in_release", { version: "1.2" }, "Ada Lovelace resolved it in 1.2"],
    ["set_resolved_in_commit", { commit: { id: "0123456789abc" } }, "Ada Lovelace resolved it in commit 0123456"],
    ["set_unresolved", {}, "Ada Lovelace reopened it"],
    ["set_ignored", { ignoreUntilEscalating: true }, "Ada Lovelace archived it until it escalates"],
    ["set_ignored", { ignoreCount: 1 }, "Ada Lovelace archived it until 1 more event"],
    ["set_ignored", { ignoreUserCount: 1_000 }, "Ada Lovelace archived it until 1,000 more users"],
    [
      "set_ignored",
      { ignoreCount: 50, ignoreWindow: 120 },
      "Ada Lovelace archived it until 50 more events within 2 hours",
    ],
    ["set_ignored", { ignoreDuration: 4_320 }, "Ada Lovelace archived it for 3 days"],
    ["set_ignored", { ignoreDuration: 30 }, "Ada Lovelace archived it for 30 minutes"],
    ["set_ignored", {}, "Ada Lovelace archived it"],
    ["assigned", { assigneeType: "user", assigneeName: "Grace" }, "Ada Lovelace assigned it to Grace"],
    ["assigned", { assigneeType: "team", assignee: "4" }, "Ada Lovelace assigned it to a team"],
    ["set_priority", { priority: "high" }, "Ada Lovelace set the priority to high"],
    ["merge", { issues: [1, 2] }, "Ada Lovelace merged 2 issues into it"],
    ["some_new_kind", {}, "Ada Lovelace some new kind"],
    ["constructor", {}, "Ada Lovelace constructor"],
  ])("%s with %j reads “%s”", (type, data, expected) => {
    expect(said(type, data)).toBe(expected);
  });

  it("names Sentry when nobody did it", () => {
    expect(said("set_regression", { version: "1.3" }, null)).toBe("Sentry saw it come back in 1.3");
    expect(said("first_seen", { priority: "high" }, null)).toBe(
      "Sentry first saw this issue and gave it high priority",
    );
  });

  it("carries a comment's text", () => {
    expect(readActivity([{ type: "note", data: { text: "on it" }, user }])[0]).toMatchObject({
      note: "on it",
      deed: "commented",
    });
  });

  it.each([null, "x", [null, 3, {}]])("survives %j", (value) => {
    expect(() => readActivity(value)).not.toThrow();
  });
});
