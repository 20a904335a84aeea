import type { Issue, Meta, Page } from "@/core/model";

/** An issue as the gateway gives it; a test names only what matters to it. */
export function anIssue(part: Partial<Issue> = {}): Issue {
  const id = part.id ?? "1";
  return {
    id,
    shortId: `SHOP-${id}`,
    title: "ValueError: bad price",
    culprit: "shop.cart in add",
    level: "error",
    status: "unresolved",
    substatus: "ongoing",
    statusDetails: {},
    priority: "medium",
    platform: "python",
    permalink: null,
    project: { id: "1", slug: "shop", name: "Shop", platform: "python" },
    metadata: { type: "ValueError", value: "bad price" },
    assignedTo: null,
    count: "12",
    userCount: 3,
    firstSeen: "2026-01-01T00:00:00Z",
    lastSeen: "2026-01-02T00:00:00Z",
    isUnhandled: false,
    isBookmarked: false,
    isSubscribed: false,
    hasSeen: true,
    numComments: 0,
    stats: { "24h": [] },
    ...part,
  };
}

export const META: Meta = { cached_at: "2026-01-02T00:00:00Z", age_s: 0, stale: false, source: "miss", hits: null };

export function aPage<T>(data: T[], next: string | null = null, meta: Partial<Meta> = {}): Page<T> {
  return { data, pagination: { next: next === null ? null : { cursor: next }, prev: null }, meta: { ...META, ...meta } };
}
