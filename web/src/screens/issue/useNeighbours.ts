import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { neighboursOf, type ListSeen, type Neighbours } from "@/core/event/neighbours";
import type { Issue, Page } from "@/core/model";
import type { View } from "@/core/view";
import { issueKeys } from "@/queries/issues";

function listsSeen(queryClient: QueryClient): ListSeen[] {
  const queries = queryClient.getQueryCache().findAll({ queryKey: issueKeys.lists });
  return queries.flatMap((query): ListSeen[] => {
    const data = query.state.data as InfiniteData<Page<Issue>> | undefined;
    const view = query.queryKey[issueKeys.lists.length] as View | undefined;
    if (data === undefined || view === undefined) return [];
    return [{ view, issues: data.pages.flatMap((page) => page.data), updatedAt: query.state.dataUpdatedAt }];
  });
}

/** Give the issue's place in the list the reader came from; null when it was opened from elsewhere. */
export function useNeighbours(id: string, issue: Issue | undefined): Neighbours | null {
  const queryClient = useQueryClient();
  // `issue` stands in for the lists: a change to it is what moves it within them.
  return useMemo(() => neighboursOf(listsSeen(queryClient), issue?.id ?? id), [queryClient, id, issue]);
}

/** Give the issue as a list has it, to show until its page is loaded. */
export function useRow(id: string): Issue | undefined {
  const queryClient = useQueryClient();
  return useMemo(() => {
    const rows = listsSeen(queryClient).flatMap((list) => list.issues);
    return rows.find((row) => row.id === id);
  }, [queryClient, id]);
}
