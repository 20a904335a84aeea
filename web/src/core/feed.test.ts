import { describe, expect, it } from "vitest";

import { afterEvent, backoffMs, type FeedEvent, namesAnother, readFeedEvent } from "./feed";
import type { Issue } from "./model";

const issue = { id: "7", status: "unresolved", substatus: "ongoing", priority: "low", count: "3", userCount: 1, numComments: 0, assignedTo: null } as Issue;
const event = (after: Record<string, unknown>): FeedEvent => ({
  type: "issue.updated", at: "", source: "poll", project: null, issue: { id: "7", short_id: "", title: "" }, actor: null, before: {}, after, data: {},
});

describe("an event of the feed", () => {
  it("is read with its place, and rubbish is not", () => {
    const told = { epoch: "e", offset: 4, event: { type: "issue.resolved", issue: { id: "7" }, after: { status: "resolved" } } };
    expect(readFeedEvent(told)?.position).toEqual({ epoch: "e", offset: 4 });
    for (const rubbish of [null, 1, "x", [], {}, { epoch: "e", offset: 1, event: [] }, { epoch: 1, offset: 1, event: { type: "a" } }]) {
      expect(readFeedEvent(rubbish)).toBeNull();
    }
  });

  it("changes what a row shows, in the row's own form", () => {
    expect(afterEvent(issue, event({ status: "resolved", substatus: "", count: 9, user_count: 4 }))).toMatchObject({
      status: "resolved", substatus: null, count: "9", userCount: 4,
    });
  });

  it("leaves a row as the same object when it says nothing new, so that nothing is drawn again", () => {
    expect(afterEvent(issue, event({ status: "unresolved", count: 3 }))).toBe(issue);
    expect(afterEvent(issue, event({ status: "exploded", priority: 7 }))).toBe(issue);
  });

  it("takes an assignee away by itself, and says when another must be asked for", () => {
    const assigned = { ...issue, assignedTo: { type: "user", id: "1", name: "Ada" } } as Issue;
    expect(afterEvent(assigned, event({ assignee: "" })).assignedTo).toBeNull();
    expect(namesAnother(assigned, event({ assignee: "user:1" }))).toBe(false);
    expect(namesAnother(assigned, event({ assignee: "team:2" }))).toBe(true);
  });
});

describe("the wait before the next try", () => {
  it("grows, is bounded, and differs from client to client", () => {
    expect(backoffMs(0, 0)).toBe(250);
    expect(backoffMs(3, 1)).toBe(4000);
    expect(backoffMs(50, 1)).toBe(30_000);
    expect(backoffMs(3, 0)).not.toBe(backoffMs(3, 0.9));
  });
});
