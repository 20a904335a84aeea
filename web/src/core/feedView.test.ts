import { describe, expect, it } from "vitest";

import { anEvent } from "@tests/feed";

import { EVERYTHING, feedAddressOf, feedQueryOf, feedViewOf, type FeedView, filtersSet, fitsFeed, readFeedAddress, withGroup } from "./feedView";

const view = (part: Partial<FeedView>): FeedView => ({ ...EVERYTHING, ...part });

describe("the address of the feed", () => {
  it("is the view, and back", () => {
    const some = view({ groups: ["done", "jobs"], project: "shop", issue: "SHOP-7", source: "poll", actor: "Grace Hopper", text: "time out", before: "e1:40" });
    expect(feedViewOf(readFeedAddress({ ...feedAddressOf(some) }))).toEqual(some);
    expect(feedAddressOf(EVERYTHING)).toEqual({});
    expect([filtersSet(some), filtersSet(EVERYTHING)]).toEqual([6, 0]);
  });

  // People cut addresses short, and mail programs mangle them.
  it.each([
    [{ kind: "weather,done,done" }, { kind: "done" }],
    [{ kind: "weather" }, {}],
    [{ source: "gossip", project: "  ", text: 7 }, {}],
    [{ before: "nonsense", replay: "yesterday" }, {}],
    [{ replay: "2026-01-02T03:04:05Z" }, { replay: "2026-01-02T03:04:05.000Z" }],
    [{ replay: "e1:40" }, { replay: "e1:40" }],
  ])("takes of %j what it knows", (search, found) => expect(readFeedAddress(search)).toEqual(found));
});

it("switches kinds one by one; all of them are as none", () => {
  expect(withGroup([], "jobs")).toEqual(["jobs"]);
  expect(withGroup(["jobs"], "new")).toEqual(["new", "jobs"]);
  expect(withGroup(["new", "jobs"], "new")).toEqual(["jobs"]);
  expect(withGroup(["new", "done", "people", "changes", "alerts", "jobs"], "gateway")).toEqual([]);
});

it.each([
  [{}, "issues,alerts,jobs,gateway", undefined],
  [{ groups: ["people", "jobs"] as const }, "issues,jobs", "type:issue.assigned,issue.commented,job"],
  [{ project: "shop", source: "webhook" as const }, "issues,alerts,jobs,gateway", "project:shop source:webhook"],
  [{ actor: 'Grace "H"', text: "a\\b" }, "issues,alerts,jobs,gateway", 'actor:"Grace \\"H\\"" title:"a\\\\b"'],
])("asks for %j in the gateway's words", (part, channels, filter) => expect(feedQueryOf(view(part))).toEqual({ channels, filter }));

const EVENT = anEvent({ type: "issue.resolved", source: "webhook", actor: { type: "user", id: "9", name: "Grace Hopper" } });

// The same rule as the gateway's, for what it sends to everybody: a row must not appear and be gone after a reload.
it.each([
  [{}, true],
  [{ groups: ["done"] as const }, true],
  [{ groups: ["new", "jobs"] as const }, false],
  [{ project: "shop" }, true],
  [{ project: "sho" }, false],
  [{ issue: "SHOP-7" }, true],
  [{ issue: "7" }, true],
  [{ issue: "8" }, false],
  [{ source: "poll" as const }, false],
  [{ actor: "hopper" }, true],
  [{ actor: "9" }, true],
  [{ actor: "ada" }, false],
  [{ text: "OOPS" }, true],
  [{ text: "other" }, false],
])("finds with %j what fits", (part, fits) => expect(fitsFeed(EVENT, view(part))).toBe(fits));

it("takes what has no issue and no person for fitting none of them", () => {
  const bare = anEvent({ type: "gateway.quota", issue: null, actor: null, project: null });
  expect([{}, { issue: "7" }, { actor: "a" }, { text: "a" }, { project: "shop" }].map((part) => fitsFeed(bare, view(part)))).toEqual([true, false, false, false, false]);
  expect(fitsFeed(anEvent({ type: "presence" }), EVERYTHING)).toBe(false);
});
