import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { api } from "@/api/client";
import { readSavedViews, type SavedView } from "@/core/savedViews";
import type { ViewAddress } from "@/core/view";

import { useSession } from "./session";

type Row = Readonly<Record<string, unknown>>;

const viewsQuery = queryOptions({
  queryKey: ["views"],
  queryFn: async ({ signal }) => (await api.get<{ data: Row[] }>("/api/v1/views", undefined, signal)).data,
  staleTime: 60_000,
  retry: false,
});

/** Give the views kept by the reader and those shared by others; none while they are unknown. */
export function useSavedViews(): { readonly views: readonly SavedView[]; readonly failed: boolean } {
  const { data, isError } = useQuery(viewsQuery);
  const me = useSession().user.id ?? null;
  return { views: useMemo(() => readSavedViews(data ?? [], me), [data, me]), failed: isError };
}

export interface ViewDraft {
  readonly name: string;
  readonly address: ViewAddress;
  readonly visibility: SavedView["visibility"];
}

/** Keep a view: a new one, or another name, address or visibility for one that is kept. */
export async function saveView(queryClient: QueryClient, draft: ViewDraft, id?: string): Promise<void> {
  if (id === undefined) await api.post<unknown>("/api/v1/views", draft);
  else await api.put<unknown>(`/api/v1/views/${encodeURIComponent(id)}`, draft);
  await queryClient.invalidateQueries({ queryKey: viewsQuery.queryKey });
}

/** Be told, or not any more, of what comes up in a view; kept for the person, in whatever browser they are. */
export async function notifyOf(queryClient: QueryClient, id: string, on: boolean): Promise<void> {
  await api.put<unknown>(`/api/v1/views/${encodeURIComponent(id)}/notify`, { on });
  await queryClient.invalidateQueries({ queryKey: viewsQuery.queryKey });
}

export async function dropView(queryClient: QueryClient, id: string): Promise<void> {
  await api.delete(`/api/v1/views/${encodeURIComponent(id)}`);
  await queryClient.invalidateQueries({ queryKey: viewsQuery.queryKey });
}

const MOST_RECENT = 8;

/** What the reader searched for lately, newest first. */
export const recentSearchesQuery = queryOptions({
  queryKey: ["searches", "recent"],
  queryFn: async ({ signal }) => {
    const { data } = await api.get<{ data: ({ query: string } | string)[] }>("/api/v1/searches/recent", undefined, signal);
    return data.map((row) => (typeof row === "string" ? row : row.query));
  },
  staleTime: 5 * 60_000,
  retry: false,
});

/** Remember a search. Nothing depends on it, so that a failure is not told. */
export function rememberSearch(queryClient: QueryClient, query: string): void {
  if (query === "") return;
  queryClient.setQueryData<string[]>(recentSearchesQuery.queryKey, (before = []) => [query, ...before.filter((one) => one !== query)].slice(0, MOST_RECENT));
  void api.post<unknown>("/api/v1/searches/recent", { query }).catch(() => undefined);
}
