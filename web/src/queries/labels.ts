import { type QueryClient, queryOptions, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

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
const NOTHING_KNOWN: MarksById = {};

const knownIn = (queryClient: QueryClient): MarksById => queryClient.getQueryData<MarksById>(marksKey) ?? {};

/** Ids that have been asked for: a list that scrolls asks once for each, and one failure is not asked again with every row. */
const askedBy = new WeakMap<QueryClient, Set<string>>();

function askedOf(queryClient: QueryClient): Set<string> {
  const asked = askedBy.get(queryClient) ?? new Set<string>();
  askedBy.set(queryClient, asked);
  return asked;
}

async function fetchMarks(queryClient: QueryClient, ids: readonly string[]): Promise<void> {
  const asked = askedOf(queryClient);
  ids.forEach((id) => asked.add(id));
  try {
    const { data } = await api.get<{ data: Record<string, Marks> }>("/api/v1/issues/marks", { id: ids });
    queryClient.setQueryData<MarksById>(marksKey, (known = {}) => ({ ...known, ...data }));
  } catch {
    // Labels are beside the point when they cannot be had; the list must not wait or complain.
  }
}

/** Give what Dexter knows of each issue, asking for what is not known yet, one request for as many as a page holds. */
export function useMarks(ids: readonly string[]): ReadonlyMap<string, Marks> {
  const queryClient = useQueryClient();
  const known = useQuery<MarksById>({ queryKey: marksKey, queryFn: skipToken, staleTime: Infinity }).data ?? NOTHING_KNOWN;
  useEffect(() => {
    const asked = askedOf(queryClient);
    const missing = ids.filter((id) => !(id in known) && !asked.has(id));
    for (let from = 0; from < missing.length; from += IDS_AT_ONCE) void fetchMarks(queryClient, missing.slice(from, from + IDS_AT_ONCE));
  }, [ids, known, queryClient]);
  return useMemo(() => new Map(Object.entries(known)), [known]);
}

/** Ask for all marks anew: others may have changed them. What is on screen stays until the answer is there. */
export function refreshMarks(queryClient: QueryClient): void {
  const ids = Object.keys(knownIn(queryClient));
  askedOf(queryClient).clear();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) void fetchMarks(queryClient, ids.slice(from, from + IDS_AT_ONCE));
}

/** Give what is known of an issue's marks, without asking. */
const knownMarks = (queryClient: QueryClient, id: string): Marks => knownIn(queryClient)[id] ?? NO_MARKS;

export function patchMarks(queryClient: QueryClient, id: string, change: (marks: Marks) => Marks): void {
  queryClient.setQueryData<MarksById>(marksKey, (known = {}) => ({ ...known, [id]: change(known[id] ?? NO_MARKS) }));
}

/** Make a label. Throws the ApiError when the gateway refuses it. */
export async function createLabel(queryClient: QueryClient, name: string, color: string): Promise<Label> {
  const label = await api.post<Label>("/api/v1/labels", { name, color });
  queryClient.setQueryData<Label[]>(labelsQuery.queryKey, (labels = []) => [...labels.filter((one) => one.id !== label.id), label].sort((a, b) => a.name.localeCompare(b.name)));
  return label;
}

/** Give a label another name or colour, on all its issues. Throws the ApiError when the gateway refuses it. */
export async function changeLabel(queryClient: QueryClient, label: Label, change: { name: string; color: string }): Promise<void> {
  const changed = await api.patch<Label>(`/api/v1/labels/${encodeURIComponent(label.id)}`, change);
  putLabels(queryClient, (labels) => labels.map((one) => (one.id === label.id ? { ...one, ...changed } : one)));
}

/** Delete a label, from all its issues. Throws the ApiError when the gateway refuses it. */
export async function deleteLabel(queryClient: QueryClient, label: Label): Promise<void> {
  await api.delete(`/api/v1/labels/${encodeURIComponent(label.id)}`);
  putLabels(queryClient, (labels) => labels.filter((one) => one.id !== label.id));
}

function putLabels(queryClient: QueryClient, change: (labels: readonly Label[]) => Label[]): void {
  queryClient.setQueryData<Label[]>(labelsQuery.queryKey, (labels = []) => change(labels).sort((a, b) => a.name.localeCompare(b.name)));
  refreshMarks(queryClient);
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
