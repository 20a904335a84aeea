import { describe, expect, it } from "vitest";

import type { FeedEvent } from "./feed";
import { type Found, mayHold, newsOf, noticeOf } from "./notices";
import type { SavedView } from "./savedViews";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const event = (type: string, part: Partial<FeedEvent> = {}): FeedEvent => ({
  type, at: new Date(NOW).toISOString(), source: "webhook", project: "shop", issue: { id: "7", short_id: "SHOP-7", title: "Oops" }, actor: null, before: {}, after: {}, data: {}, ...part,
});
const view = (address: SavedView["address"] = {}): SavedView => ({ id: "v", name: "Checkout", address, visibility: "private", mine: true, notify: true });
const found = (part: Partial<Found> = {}): Found => ({ id: "7", title: "Oops", project: "shop", kind: "created", ...part });

describe("what is worth a notification", () => {
  it.each([
    ["issue.created", "created"], ["issue.regressed", "regressed"], ["issue.escalating", "escalating"], ["alert.triggered", "alert"],
    ["issue.updated", undefined], ["issue.resolved", undefined], ["alert.resolved", undefined], ["presence", undefined],
  ])("%s", (type, kind) => {
    expect(newsOf(event(type), NOW)?.kind).toBe(kind);
  });

  it("is about an issue, and not of yesterday", () => {
    expect(newsOf(event("alert.triggered", { issue: null }), NOW)).toBeNull();
    expect(newsOf(event("issue.created"), NOW + 11 * 60_000)).toBeNull();
    expect(newsOf(event("alert.triggered", { data: { title: "Too many" } }), NOW)?.title).toBe("Too many: Oops");
  });
});

describe("which views need not be asked", () => {
  it.each<[string, SavedView["address"], Partial<Found>, boolean]>([
    ["another project", { project: ["billing"] }, {}, false],
    ["the project", { project: ["billing", "shop"] }, {}, true],
    ["a project by its number, which an event does not tell", { project: ["12"] }, {}, true],
    ["an issue whose project is not known", { project: ["billing"] }, { project: null }, true],
    ["what is resolved, for what has just come", { status: "resolved" }, {}, false],
    ["what is archived, for what is back", { status: "archived" }, { kind: "regressed" }, false],
    ["what is archived, for an alert, which may be about such", { status: "archived" }, { kind: "alert" }, true],
    ["any words: only Sentry knows what they find", { query: "checkout" }, {}, true],
  ])("%s", (_, address, part, may) => {
    expect(mayHold(view(address), found(part))).toBe(may);
  });
});

describe("how it is said", () => {
  it("names one issue, and leads to it", () => {
    expect(noticeOf(view(), [found({ kind: "regressed" })], "/")).toEqual({ title: "Oops", body: "It is back · shop · Checkout", tag: "issue:7", address: "/issues/7" });
  });

  it("counts more, and leads to the view", () => {
    const many = Array.from({ length: 14 }, (_, number) => found({ id: String(number), project: number % 2 === 0 ? "shop" : "billing" }));
    expect(noticeOf(view(), many, "/?query=checkout")).toEqual({ title: "14 new issues in ‘Checkout’", body: "shop, billing", tag: "view:v", address: "/?query=checkout" });
    expect(noticeOf(view(), [found(), found({ kind: "alert" })], "/")?.title).toBe("2 issues in ‘Checkout’");
    expect(noticeOf(view(), [], "/")).toBeNull();
  });
});
