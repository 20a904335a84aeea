import { queryOptions, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { api } from "@/api/client";
import { askAgainMs, readDetail, withPart, type PartName } from "@/core/event/detail";
import { readEvent } from "@/core/event/event";

import { issueKeys } from "./issues";

const pathOf = (id: string) => `/api/v1/issues/${encodeURIComponent(id)}` as const;

export const eventKeys = {
  one: (issueId: string, event: string) => ["issue", issueId, "event", event] as const,
};

/**
 * One issue with its series, tags and activity, each part with its age.
 *
 * What is cached is the gateway's own document, so that optimistic changes can be laid over it; screens see it read.
 */
export function issueDetailQuery(id: string) {
  return queryOptions({
    queryKey: issueKeys.detail(id),
    queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/context`, undefined, signal),
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
  });
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
