import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";

import { api, type Freshness } from "@/api/client";
import type { IssuesQuery } from "@/api/contract";
import { mapPages } from "@/core/issuePatch";
import type { Issue, Page } from "@/core/model";
import { newsIn, nextCursor } from "@/core/paging";
import type { View } from "@/core/view";

import { refreshMarks } from "./labels";

export const PAGE_SIZE = 50;
const HEAD_EVERY_MS = 30_000;
/** How old the polled head may be: what one reader polls, the gateway gives to all others. */
const HEAD_MAX_AGE_S = 20;
/** Nobody waits for Sentry in a poll: what it finds behind is there at the next one. */
const HEAD_MAX_STALE_S = 60;
const JUST_NOW_S = 1;

export const issueKeys = {
  /** Every list of issues, whatever it shows. */
  lists: ["issues", "list"] as const,
  list: (view: View) => ["issues", "list", view] as const,
  /** One issue as its page shows it. */
  detail: (id: string) => ["issue", id, "detail"] as const,
  /** The newest first page of every list. */
  heads: ["issues", "head"] as const,
  head: (view: View) => ["issues", "head", view] as const,
};

export function listQuery(view: View) {
  return {
    status: view.status,
    query: view.query.trim() === "" ? undefined : view.query.trim(),
    sort: view.sort,
    period: view.period,
    project: [...view.project],
    environment: [...view.environment],
    level: [...view.level],
  } satisfies IssuesQuery;
}

function fetchPage(view: View, cursor: string | null, signal: AbortSignal | undefined, how: Freshness = {}): Promise<Page<Issue>> {
  return api.get<Page<Issue>>("/api/v1/issues", { ...listQuery(view), limit: PAGE_SIZE, cursor }, signal, how);
}

/** The issues of a view, page after page. */
export function issuesQuery(view: View) {
  return infiniteQueryOptions({
    queryKey: issueKeys.list(view),
    queryFn: ({ pageParam, signal }) => fetchPage(view, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last, _pages, _lastParam, followed) => nextCursor(last, followed),
    // Pages shift while they are read: a silent refetch of all of them would move rows under the eye.
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

const POLLED = { maxAgeS: HEAD_MAX_AGE_S, maxStaleS: HEAD_MAX_STALE_S };
let wanted: Freshness = POLLED;

/** Ask for the newest pages on screen anew, since something has happened: what is kept is from before it. */
export async function refreshHeads(queryClient: QueryClient): Promise<void> {
  wanted = { maxAgeS: JUST_NOW_S };
  try {
    await queryClient.invalidateQueries({ queryKey: issueKeys.heads });
  } finally {
    wanted = POLLED;
  }
}

/** The newest first page of a view, asked for again and again: what it holds more than the list waits behind "new". */
export function headQuery(view: View) {
  return queryOptions({
    queryKey: issueKeys.head(view),
    queryFn: ({ signal }) => fetchPage(view, null, signal, wanted),
    refetchInterval: HEAD_EVERY_MS,
    staleTime: HEAD_EVERY_MS,
    refetchOnWindowFocus: true,
    retry: false,
  });
}

type Lists = InfiniteData<Page<Issue>, string | null>;

/** Ask Sentry for a view anew, past every cache, beginning at its first page. What is shown stays if that fails. */
async function freshen(queryClient: QueryClient, view: View): Promise<void> {
  const fresh = await fetchPage(view, null, undefined, { fresh: true });
  // What is still under way was asked for before, and must not come out on top.
  for (const queryKey of [issueKeys.head(view), issueKeys.list(view)]) await queryClient.cancelQueries({ queryKey, exact: true });
  queryClient.setQueryData(issueKeys.head(view), fresh);
  queryClient.setQueryData<Lists>(issueKeys.list(view), { pages: [fresh], pageParams: [null] });
  refreshMarks(queryClient);
}

export interface Freshening {
  /** Ask Sentry for the view anew. Never rejects: gives whether it worked. */
  readonly freshen: () => Promise<boolean>;
  readonly busy: boolean;
  /** Why the last try failed; null when it did not. */
  readonly failure: Error | null;
}

/** Give the way to ask Sentry for a view anew, and what became of that. */
export function useFreshenIssues(view: View): Freshening {
  const queryClient = useQueryClient();
  const { mutateAsync, isPending, error } = useMutation({ mutationFn: () => freshen(queryClient, view) });
  const ask = useCallback(
    () =>
      mutateAsync().then(
        () => true,
        () => false,
      ),
    [mutateAsync],
  );
  return { freshen: ask, busy: isPending, failure: error };
}

/** Ask anew for every list on screen, past every cache: many issues have just changed, and what is kept is from before. */
export async function freshenListsOnScreen(queryClient: QueryClient): Promise<void> {
  const shown = queryClient.getQueryCache().findAll({ queryKey: issueKeys.lists, type: "active" });
  const views = shown.map(({ queryKey }) => queryKey[issueKeys.lists.length] as View);
  await Promise.all(views.map((view) => freshen(queryClient, view).catch(() => undefined)));
}

/**
 * Give how many issues have appeared that the list on screen does not hold.
 *
 * They wait for the reader; only the counts of rows on screen tick in place.
 */
export function useNews(view: View, ready: boolean, rows: readonly Issue[]): number {
  const queryClient = useQueryClient();
  const first = queryClient.getQueryData<Lists>(issueKeys.list(view))?.pages[0];
  const head = useQuery({
    ...headQuery(view),
    enabled: ready,
    initialData: first,
    initialDataUpdatedAt: queryClient.getQueryState(issueKeys.list(view))?.dataUpdatedAt,
  });
  const news = useMemo(() => newsIn(head.data?.data ?? [], rows, view.status), [head.data, rows, view.status]);
  useEffect(() => {
    if (news.ticks.size === 0) return;
    queryClient.setQueryData<Lists>(issueKeys.list(view), (lists) =>
      lists === undefined
        ? undefined
        : {
            ...lists,
            pages: mapPages(lists.pages, (row) => {
              const tick = news.ticks.get(row.id);
              return tick === undefined ? row : { ...row, count: tick.count, userCount: tick.userCount, lastSeen: tick.lastSeen, stats: tick.stats ?? row.stats };
            }),
          },
    );
  }, [news, queryClient, view]);
  return news.arrived;
}
