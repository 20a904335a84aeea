import { type QueryClient, queryOptions } from "@tanstack/react-query";

import { api } from "@/api/client";
import { asList, asObject, asText } from "@/core/event/json";
import type { Issue } from "@/core/model";

import { bulkKeys } from "./bulk";
import { issueKeys } from "./issues";

const pathOf = (id: string) => `/api/v1/issues/${encodeURIComponent(id)}` as const;

export interface Merged {
  /** The id of the issue that stays: Sentry's choice. */
  readonly parent: string;
  /** Pending while Sentry is still moving events. */
  readonly state: "done" | "pending";
}

/** Merge issues. Throws the ApiError when Sentry or the gateway refuses. */
export async function mergeIssues(queryClient: QueryClient, parent: Issue, others: readonly Issue[]): Promise<Merged> {
  const merged = await api.post<Merged>(`${pathOf(parent.id)}/merge`, { ids: others.map(({ id }) => id) });
  await refreshAll(queryClient);
  return merged;
}

async function refreshAll(queryClient: QueryClient): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: issueKeys.lists }),
    // Else what was merged away would be announced as new.
    queryClient.invalidateQueries({ queryKey: issueKeys.heads }),
    queryClient.invalidateQueries({ queryKey: ["issue"] }),
    queryClient.invalidateQueries({ queryKey: bulkKeys.jobs }),
  ]);
}

/** One group of events that was merged into an issue, by the hash that Sentry knows it by. */
export interface MergedHash {
  readonly id: string;
  readonly title: string;
  readonly at: string | null;
}

/** What was merged into an issue. */
export function mergedQuery(id: string) {
  return queryOptions({
    queryKey: ["issue", id, "merged"],
    queryFn: async ({ signal }): Promise<MergedHash[]> => {
      const answer = await api.get<unknown>(`${pathOf(id)}/merged`, undefined, signal);
      const list = Array.isArray(answer) ? answer : asList(asObject(answer)["data"]);
      return list.flatMap((item) => {
        const raw = asObject(item);
        const event = asObject(raw["latestEvent"]);
        const hash = asText(raw["id"]);
        return hash === null ? [] : [{ id: hash, title: asText(event["title"]) ?? asText(event["message"]) ?? "An event", at: asText(event["dateCreated"]) }];
      });
    },
    staleTime: 60_000,
    retry: false,
  });
}

/** Split groups of events off again. */
export async function unmerge(queryClient: QueryClient, id: string, hashes: readonly string[]): Promise<void> {
  await api.post<unknown>(`${pathOf(id)}/unmerge`, { hashes });
  await refreshAll(queryClient);
}

export interface SimilarIssue {
  readonly issue: { readonly id: string; readonly shortId: string; readonly title: string };
  /** 0 to 1; null when Sentry gives no score. */
  readonly score: number | null;
}

/** Issues that look like this one, likest first. */
export function similarQuery(id: string) {
  return queryOptions({
    queryKey: ["issue", id, "similar"],
    queryFn: async ({ signal }): Promise<SimilarIssue[]> => {
      const answer = await api.get<unknown>(`${pathOf(id)}/similar`, undefined, signal);
      const list = Array.isArray(answer) ? answer : asList(asObject(answer)["data"]);
      return list.flatMap((item) => {
        const [one, scores] = Array.isArray(item) ? [asObject(item[0]), asObject(item[1])] : [asObject(asObject(item)["issue"] ?? item), asObject(asObject(item)["scores"])];
        const issueId = asText(one["id"]);
        const numbers = Object.values(scores).filter((score): score is number => typeof score === "number");
        return issueId === null || issueId === id
          ? []
          : [{ issue: { id: issueId, shortId: asText(one["shortId"]) ?? issueId, title: asText(one["title"]) ?? "Untitled issue" }, score: numbers.length === 0 ? null : Math.max(...numbers) }];
      });
    },
    staleTime: 5 * 60_000,
    retry: false,
  });
}
