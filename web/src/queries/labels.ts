import { type QueryClient, queryOptions, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";

import { api } from "@/api/client";
import { asApiError } from "@/api/error";
import { type Label, type Marks, NO_MARKS, withLabel } from "@/core/labels";
import type { Issue } from "@/core/model";
import { settleAll } from "@/core/pool";

import type { Refusal } from "./issueUpdate";

const AT_ONCE = 10;
/** As many ids as one address can carry, and as one page holds. */
const IDS_AT_ONCE = 50;

export const labelsQuery = queryOptions({
  queryKey: ["labels"],
  queryFn: async ({ signal }) => (await api.get<{ data: Label[] }>("/api/v1/labels", undefined, signal)).data,
  staleTime: 60_000,
  retry: false,
});

const marksKey = ["marks"] as const;
type MarksById = Readonly<Record<string, Marks>>;

function marksQuery(ids: readonly string[]) {
  return queryOptions({
    queryKey: [...marksKey, ...ids],
    queryFn: async ({ signal }) => (await api.get<{ data: Record<string, Marks> }>("/api/v1/issues/marks", { id: [...ids] }, signal)).data as MarksById,
    enabled: ids.length > 0,
    staleTime: 60_000,
    // Labels are beside the point when they cannot be had; the list must not wait or complain.
    retry: false,
  });
}

/** Give what Dexter knows of each issue, one request for as many as a page holds. Pages that were asked for stay as they are. */
export function useMarks(ids: readonly string[]): ReadonlyMap<string, Marks> {
  const parts = useMemo(() => Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, part) => ids.slice(part * IDS_AT_ONCE, (part + 1) * IDS_AT_ONCE)), [ids]);
  return useQueries({ queries: parts.map(marksQuery), combine: joined });
}

function joined(results: readonly { readonly data: MarksById | undefined }[]): ReadonlyMap<string, Marks> {
  return new Map(results.flatMap(({ data }) => Object.entries(data ?? {})));
}

/** Give what is known of an issue's marks in any list or page, without asking. */
export function knownMarks(queryClient: QueryClient, id: string): Marks {
  const found = queryClient.getQueriesData<MarksById>({ queryKey: marksKey }).find(([, marks]) => marks?.[id] !== undefined);
  return found?.[1]?.[id] ?? NO_MARKS;
}

export function patchMarks(queryClient: QueryClient, id: string, change: (marks: Marks) => Marks): void {
  queryClient.setQueriesData<MarksById>({ queryKey: marksKey }, (all) => (all === undefined || !(id in all) ? all : { ...all, [id]: change(all[id] ?? NO_MARKS) }));
}

/** Make a label. Throws the ApiError when the gateway refuses it. */
export async function createLabel(queryClient: QueryClient, name: string, color: string): Promise<Label> {
  const label = await api.post<Label>("/api/v1/labels", { name, color });
  queryClient.setQueryData<Label[]>(labelsQuery.queryKey, (labels = []) => [...labels.filter((one) => one.id !== label.id), label].sort((a, b) => a.name.localeCompare(b.name)));
  return label;
}

interface LabelOutcome {
  readonly done: readonly Issue[];
  readonly refused: readonly Refusal[];
}

/** Put a label on issues or take it off: at once on screen, taken back where the gateway refuses. */
export async function labelIssues(queryClient: QueryClient, issues: readonly Issue[], label: Pick<Label, "name" | "color">, on: boolean): Promise<LabelOutcome> {
  const before = new Map(issues.map(({ id }) => [id, knownMarks(queryClient, id)]));
  for (const { id } of issues) patchMarks(queryClient, id, (marks) => withLabel(marks, label, on));
  const outcomes = await settleAll(issues, AT_ONCE, ({ id }) => {
    const path = `/api/v1/issues/${encodeURIComponent(id)}/labels/${encodeURIComponent(label.name)}` as const;
    return on ? api.put<unknown>(path, {}) : api.delete(path);
  });
  const refused = outcomes.flatMap((outcome): Refusal[] => {
    if (outcome.ok) return [];
    const was = before.get(outcome.item.id);
    if (was !== undefined) patchMarks(queryClient, outcome.item.id, () => was);
    const failure = asApiError(outcome.error);
    return [{ issue: outcome.item, message: failure.message, remedy: failure.remedy }];
  });
  return { done: outcomes.flatMap((outcome) => (outcome.ok ? [outcome.item] : [])), refused };
}
