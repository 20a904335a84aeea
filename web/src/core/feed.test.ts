import { describe, expect, it } from "vitest";

import { afterEvent, alsoHere, backoffMs, changedIn, type FeedEvent, isTold, namesAnother, NOTHING_TOLD, readFeedEvent, readGreeting, readViewer, readViewers, toldBy } from "./feed";
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

  it("grows a row's count by as much as the issue had, once, since a row counts what lies within its time", () => {
    const row = { ...issue, count: "3", userCount: 1, lifetime: { count: "100", userCount: 40 } } as Issue;
    const after = afterEvent(row, event({ count: 102, user_count: 41 }));
    expect(after).toMatchObject({ count: "5", userCount: 2, lifetime: { count: "102", userCount: 41 } });
    expect(afterEvent(after, event({ count: 102, user_count: 41 }))).toBe(after);
    expect(changedIn(row, after)).toEqual(["count", "userCount"]);
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

describe("whether Sentry tells what happens", () => {
  const NOW = Date.parse("2026-01-02T00:00:00Z");
  const telling = (...events: string[]) =>
    events.reduce((now, word) => {
      const [source = "", type = ""] = word.split(" ");
      return toldBy(now, { source, type }, NOW);
    }, NOTHING_TOLD);

  it.each([
    ["nothing was heard", [], false],
    ["a webhook came", ["webhook issue.created"], true],
    ["one was found a moment before it was told", ["webhook issue.created", "poll issue.resolved"], true],
    ["two in a row had to be found", ["webhook issue.created", "poll issue.resolved", "poll issue.created"], false],
    ["it tells again", ["poll issue.resolved", "poll issue.created", "webhook issue.assigned"], true],
    ["only counts were found, of which it never tells", ["webhook issue.created", "poll issue.updated", "poll issue.updated"], true],
    ["what was done here says nothing", ["write issue.resolved", "write issue.resolved"], false],
  ])("%s", (_, events, told) => {
    expect(isTold(telling(...events), NOW)).toBe(told);
  });

  it("believes no webhook that is older than a day", () => {
    expect(isTold({ webhooksAtMs: NOW - 86_400_000, found: 0 }, NOW)).toBe(false);
  });
});

describe("who looks", () => {
  it("is read without trust", () => {
    expect(readViewers([{ id: "1", name: "Ada" }, { id: 2, name: "Bob" }, null, "x"])).toEqual([{ id: "1", name: "Ada" }]);
    expect(readViewers({})).toEqual([]);
    expect([readViewer({ viewer: { id: "ada" } }), readViewer(null), readViewer({ viewer: 1 })]).toEqual(["ada", null, null]);
    expect([readGreeting({ webhooks_at: "2026-01-02T00:00:00Z" }).webhooksAt, readGreeting(null).webhooksAt]).toEqual(["2026-01-02T00:00:00Z", null]);
  });

  it.each([
    [[], ""],
    [["Ada"], "Ada looks at this too"],
    [["Ada", "Grace"], "Ada and Grace look at this too"],
    [["Ada", "Grace", "Linus"], "Ada, Grace and Linus look at this too"],
    [["Ada", "Grace", "Linus", "Ken"], "Ada, Grace and 2 others look at this too"],
  ])("is said of %j", (names, words) => {
    expect(alsoHere(names.map((name) => ({ id: name, name })))).toBe(words);
  });
});
