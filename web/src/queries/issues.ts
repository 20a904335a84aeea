import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, type Query } from "@/api/client";
import type { Issue, Page } from "@/core/model";
import { nextCursor } from "@/core/paging";
import type { View } from "@/core/view";

export const PAGE_SIZE = 50;
const HEAD_EVERY_MS = 30_000;

export const issueKeys = {
  /** Every list of issues, whatever it shows. */
  lists: ["issues", "list"] as const,
  list: (view: View) => ["issues", "list", view] as const,
  /** One issue as its page shows it. */
  detail: (id: string) => ["issue", id, "detail"] as const,
  activity: (id: string) => ["issue", id, "activity"] as const,
  head: (view: View) => ["issues", "head", view] as const,
};

function listQuery(view: View): Query {
  return {
    status: view.status,
    query: view.query.trim() === "" ? undefined : view.query.trim(),
    sort: view.sort,
    period: view.period,
    project: view.project,
    environment: view.environment,
    level: view.level,
  };
}

/** The issues of a view, page after page. */
export function issuesQuery(view: View) {
  return infiniteQueryOptions({
    queryKey: issueKeys.list(view),
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Issue>>("/api/v1/issues", { ...listQuery(view), limit: PAGE_SIZE, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last, _pages, _lastParam, followed) => nextCursor(last, followed),
    // Pages shift while they are read: a silent refetch of all of them would move rows under the eye.
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

/** The newest first page of a view, asked for again and again: what it holds more than the list waits behind "new". */
export function headQuery(view: View) {
  return queryOptions({
    queryKey: issueKeys.head(view),
    queryFn: ({ signal }) => api.get<Page<Issue>>("/api/v1/issues", { ...listQuery(view), limit: PAGE_SIZE }, signal),
    refetchInterval: HEAD_EVERY_MS,
    refetchOnWindowFocus: true,
    retry: false,
  });
}
