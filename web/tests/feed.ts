import type { FeedEvent } from "@/core/feed";

/** An event of the feed. */
export function anEvent(part: Partial<FeedEvent> = {}): FeedEvent {
  return {
    type: "issue.resolved",
    at: "2026-01-02T03:04:05.000Z",
    source: "webhook",
    project: "shop",
    issue: { id: "7", short_id: "SHOP-7", title: "Oops" },
    actor: { type: "user", id: "2", name: "Grace" },
    before: { status: "unresolved", substatus: "ongoing" },
    after: { status: "resolved", substatus: "" },
    data: {},
    ...part,
  };
}

interface Told {
  epoch?: string;
  oldest?: number;
  newest?: number;
  missing?: string | null;
  next?: string | null;
}

/** A page of `GET /api/v1/feed`: events by their offsets, in the order given. */
export function aFeedPage(events: readonly (readonly [offset: number, part: Partial<FeedEvent>])[], { epoch = "e", oldest = 1, newest, missing = null, next = null }: Told = {}) {
  return {
    data: events.map(([offset, part]) => ({ kind: "event", epoch, offset, event: { organization: "acme", ...anEvent(part) } })),
    pagination: { next: next === null ? null : { cursor: next }, prev: null },
    meta: { epoch, oldest, newest: newest ?? Math.max(0, ...events.map(([offset]) => offset)), missing },
  };
}
