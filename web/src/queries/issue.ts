import { queryOptions, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { api } from "@/api/client";
import { askAgainMs, readDetail, withPart, type PartName } from "@/core/event/detail";
import { readEvent } from "@/core/event/event";

import type { FeedEvent } from "@/core/feed";
import type { Page } from "@/core/model";

import { issueKeys } from "./issues";
import { commentsKey, notesKey } from "./remarks";
import { hasNews, sinceNews } from "./sinceNews";

const pathOf = (id: string) => `/api/v1/issues/${encodeURIComponent(id)}` as const;

export const eventKeys = {
  one: (issueId: string, event: string) => ["issue", issueId, "event", event] as const,
  after: (issueId: string, event: string, count: number) => ["issue", issueId, "after", event, count] as const,
};

/**
 * One issue with its series, tags and activity, each part with its age.
 *
 * What is cached is the gateway's own document, so that optimistic changes can be laid over it; screens see it read.
 */
export function issueDetailQuery(id: string) {
  return queryOptions({
    queryKey: issueKeys.detail(id),
    queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/context`, undefined, signal, sinceNews(id)),
    select: readDetail,
    staleTime: 30_000,
    refetchInterval: (query) => askAgainMs(query.state.data),
  });
}

/** One event of an issue: an event's id, or `recommended`, `latest` or `oldest`. */
export function issueEventQuery(id: string, event: string) {
  const fixed = /^[0-9a-f]{32}$/.test(event);
  return queryOptions({
    queryKey: eventKeys.one(id, event),
    queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/events/${encodeURIComponent(event)}`, undefined, signal),
    select: readEvent,
    // An event never changes; only which ones stand before and after it does.
    staleTime: fixed ? 5 * 60_000 : 30_000,
    // What a word stands for does, and the reader stays with the event they read until they ask for another.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

/** The events that came after one, as far as a page of the latest holds them: how many, and which is the next. */
export function eventsAfterQuery(issueId: string, event: string, count: number) {
  return queryOptions({
    queryKey: eventKeys.after(issueId, event, count),
    queryFn: ({ signal }) => api.get<Page<{ id: string }>>(`${pathOf(issueId)}/events`, { limit: LATEST }, signal, JUST_NOW),
    select: ({ data }) => after(data, event),
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
    // Sentry counts an event some seconds before it finds it.
    refetchInterval: ({ state: { data, dataUpdateCount } }) => (data !== undefined && after(data.data, event).count === 0 && dataUpdateCount < FINDS_WITHIN ? FIND_AGAIN_MS : false),
  });
}

/** The latest come first; one that is not among them has more behind it than are listed. */
function after(latest: readonly { id: string }[], event: string): { count: number; id: string | null } {
  const place = latest.findIndex(({ id }) => id === event);
  // Of a shorter list it is only not found yet.
  const count = place < 0 ? (latest.length < LATEST ? 0 : LATEST) : place;
  return { count, id: place < 0 ? null : (latest[place - 1]?.id ?? null) };
}

const LATEST = 100;
const JUST_NOW = { maxAgeS: 1 };
const FIND_AGAIN_MS = 3_000;
const FINDS_WITHIN = 8;

/** Ask for the latest event as it is now, for a reader who wants to go to it. Throws the ApiError. */
export async function fetchLatest(queryClient: QueryClient, issueId: string): Promise<void> {
  const event = await api.get<unknown>(`${pathOf(issueId)}/events/latest`, undefined, undefined, JUST_NOW);
  queryClient.setQueryData(eventKeys.one(issueId, "latest"), event);
}

/** How long a page waits with its series and tags, which follow the counts: a storm must not become one of requests. */
const FOLLOWS_MS = 10_000;
const following = new Map<string, ReturnType<typeof setTimeout>>();

/** Ask for what an event makes old on the issue's page and does not carry. Never for the event that the reader reads. */
export function refreshShownOf(queryClient: QueryClient, event: FeedEvent, isUnnamed: boolean): void {
  const { issue, after, source, type } = event;
  if (issue === null) return;
  hasNews(issue.id);
  const refresh = (queryKey: readonly unknown[]): void => void queryClient.invalidateQueries({ queryKey });
  if (type === "issue.updated" && source !== "dexter" && !isUnnamed) {
    if (following.has(issue.id)) return;
    const end = (): void => {
      following.delete(issue.id);
      refresh(issueKeys.detail(issue.id));
    };
    following.set(issue.id, setTimeout(end, FOLLOWS_MS));
    return;
  }
  refresh(issueKeys.detail(issue.id));
  if (type === "issue.commented") refresh(commentsKey(issue.id));
  if (source === "dexter") refresh(notesKey(issue.id));
  if (typeof after["into"] === "string") {
    hasNews(after["into"]);
    refresh(issueKeys.detail(after["into"]));
    refresh(["issue", after["into"], "merged"]);
  }
}

/** Ask Sentry itself for the issue and the event on screen, past every store. Throws the first ApiError. */
export async function refreshIssue(queryClient: QueryClient, id: string, event: string): Promise<void> {
  const past = { fresh: true };
  const [page, one] = await Promise.all([
    api.get<unknown>(`${pathOf(id)}/context`, undefined, undefined, past),
    api.get<unknown>(`${pathOf(id)}/events/${encodeURIComponent(event)}`, undefined, undefined, past),
  ]);
  queryClient.setQueryData(issueKeys.detail(id), page);
  queryClient.setQueryData(eventKeys.one(id, event), one);
}

/** Where each part of the joined answer can be asked for alone, and how its answer becomes the part. */
const PARTS: Record<
  PartName,
  { at: "tags" | "activity" | "stats"; period?: string; take: (answer: unknown) => unknown }
> = {
  tags: { at: "tags", take: (answer) => answer },
  activity: { at: "activity", take: (answer) => member(answer, "activity") },
  "stats.24h": { at: "stats", period: "24h", take: (answer) => member(answer, "data") },
  "stats.30d": { at: "stats", period: "30d", take: (answer) => member(answer, "data") },
};

function member(answer: unknown, name: string): unknown {
  return typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>)[name] : undefined;
}

/** Ask for one part again and put it into the page that is on screen. Throws the part's ApiError. */
export async function fetchPart(queryClient: QueryClient, id: string, name: PartName): Promise<void> {
  const { at, period, take } = PARTS[name];
  const value = take(await api.get<unknown>(`${pathOf(id)}/${at}`, { period }));
  queryClient.setQueryData(issueKeys.detail(id), (page: unknown) => withPart(page, name, value, Date.now()));
}

/** Give the function that asks for one part of an issue's page again. */
export function useFetchPart(id: string): (name: PartName) => Promise<void> {
  const queryClient = useQueryClient();
  return useCallback((name) => fetchPart(queryClient, id, name), [queryClient, id]);
}
