import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";

import { needsMore, neighboursOf, type ListSoFar, type Neighbours } from "@/core/event/neighbours";
import type { Issue, Page } from "@/core/model";
import type { View } from "@/core/view";
import { issueKeys, issuesQuery } from "@/queries/issues";

/**
 * Give the issue's place in the list that the address names; null when that does not hold it.
 *
 * Where the reader walks the list (and not where it stands beside the issue) its next pages are asked for ahead of them.
 */
export function useNeighbours(view: View, id: string, issue: Issue | undefined, walks: boolean): Neighbours | null {
  // What is loaded stays as the reader saw it: asked for anew, the issue they have just resolved would have no place in it.
  const list = useInfiniteQuery({ ...issuesQuery(view), refetchOnMount: false });
  const { data, hasNextPage, isFetching, isError, isPending, fetchNextPage, refetch } = list;
  const soFar = useMemo<ListSoFar>(() => ({ view, pages: data?.pages ?? [], more: hasNextPage }), [view, data, hasNextPage]);
  const needs = walks && issue !== undefined && needsMore(soFar, issue);
  const triedAgain = useRef(false);
  useEffect(() => {
    if (isFetching) return;
    // A change made in the meantime ends every request for a list; this one has nobody else to ask again.
    if (isPending) void refetch();
    else if (needs && !(isError && triedAgain.current)) {
      triedAgain.current ||= isError;
      void fetchNextPage();
    }
  }, [needs, isFetching, isError, isPending, fetchNextPage, refetch]);
  return useMemo(() => neighboursOf(soFar, issue?.id ?? id), [soFar, id, issue]);
}

/** Give the issue as a list has it, to show until its page is loaded. */
export function useRow(id: string): Issue | undefined {
  const queryClient = useQueryClient();
  return useMemo(() => {
    const lists = queryClient.getQueriesData<InfiniteData<Page<Issue>>>({ queryKey: issueKeys.lists });
    const rows = lists.flatMap(([, list]) => list?.pages.flatMap((page) => page.data) ?? []);
    return rows.find((row) => row.id === id);
  }, [queryClient, id]);
}
