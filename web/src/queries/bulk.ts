import { infiniteQueryOptions, type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";

import { api } from "@/api/client";
import { ApiError } from "@/api/error";
import { listen } from "@/api/stream";
import { type BulkSelection, isOver, isRunning, type ItemState, type Job, type JobItem, type Operation } from "@/core/bulk/job";
import type { Page } from "@/core/model";
import { nextCursor } from "@/core/paging";

import { freshenListsOnScreen, issueKeys } from "./issues";

const POLL_MS = 1_500;
const JOBS_EVERY_MS = 60_000;
const RUNNING_EVERY_MS = 5_000;
const JOBS_SHOWN = 25;
const ITEMS_SHOWN = 100;

export const bulkKeys = {
  jobs: ["bulk", "jobs"] as const,
  job: (id: string) => ["bulk", "job", id] as const,
  items: (id: string) => ["bulk", "items", id] as const,
  itemsIn: (id: string, state: ItemState | null) => ["bulk", "items", id, state] as const,
};

const pathOf = (id: string) => `/api/v1/bulk/${encodeURIComponent(id)}` as const;

/** The latest jobs, newest first. What runs is watched by itself; this finds what others or other tabs have begun. */
export const jobsQuery = queryOptions({
  queryKey: bulkKeys.jobs,
  queryFn: async ({ signal }) => (await api.get<Page<Job>>("/api/v1/bulk", { limit: JOBS_SHOWN }, signal)).data,
  // What was begun elsewhere and runs is worth a closer look.
  refetchInterval: ({ state }) => (state.data?.some(isRunning) === true ? RUNNING_EVERY_MS : JOBS_EVERY_MS),
  staleTime: 10_000,
  retry: false,
});

export function jobQuery(id: string) {
  return queryOptions({ queryKey: bulkKeys.job(id), queryFn: ({ signal }) => api.get<Job>(pathOf(id), undefined, signal), staleTime: 5_000 });
}

/** What became of each issue of a job, those of one state or all. */
export function itemsQuery(id: string, state: ItemState | null) {
  return infiniteQueryOptions({
    queryKey: bulkKeys.itemsIn(id, state),
    queryFn: ({ pageParam, signal }) => api.get<Page<JobItem>>(`${pathOf(id)}/items`, { state, cursor: pageParam, limit: ITEMS_SHOWN }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last, _pages, _lastParam, followed) => nextCursor(last, followed),
    staleTime: 5_000,
  });
}

/** Take note of how a job stands. When it has ended, every list and page that shows its issues is asked for again. */
export function noteJob(queryClient: QueryClient, job: Job): void {
  const before = queryClient.getQueryData<Job>(bulkKeys.job(job.id)) ?? queryClient.getQueryData<readonly Job[]>(bulkKeys.jobs)?.find(({ id }) => id === job.id);
  queryClient.setQueryData(bulkKeys.job(job.id), job);
  queryClient.setQueryData<Job[]>(bulkKeys.jobs, (jobs = []) => (jobs.some(({ id }) => id === job.id) ? jobs.map((one) => (one.id === job.id ? job : one)) : [job, ...jobs]));
  if (isOver(job) && job.started_at !== null && before !== undefined && !isOver(before)) refreshAfter(queryClient, job);
}

function refreshAfter(queryClient: QueryClient, job: Job): void {
  void queryClient.invalidateQueries({ queryKey: issueKeys.lists, refetchType: "none" });
  // What has gone would leave holes in every page, and what is kept on the way is from before: the list begins anew.
  void freshenListsOnScreen(queryClient);
  void queryClient.invalidateQueries({ queryKey: ["issue"] });
  void queryClient.invalidateQueries({ queryKey: bulkKeys.items(job.id) });
}

/** Ask for a job. It is resolved and previewed by the gateway; nothing changes until it is confirmed. */
export async function askForJob(queryClient: QueryClient, selection: BulkSelection, operations: readonly Operation[]): Promise<Job> {
  const job = await api.post<Job>("/api/v1/bulk", { selection, operations });
  noteJob(queryClient, job);
  return job;
}

export type JobAction = "apply" | "pause" | "resume" | "cancel" | "undo";

/** Act on a job. `undo` answers with the new job that takes the old one back. */
export async function actOnJob(queryClient: QueryClient, id: string, action: JobAction, body: unknown = {}): Promise<Job> {
  const job = await api.post<Job>(`${pathOf(id)}/${action}`, body);
  noteJob(queryClient, job);
  if (action === "undo") void queryClient.invalidateQueries({ queryKey: bulkKeys.job(id) });
  return job;
}

/** Give a job as it stands, live: by a stream of events, or by asking again and again where none comes through. */
export function useJob(id: string): { readonly job: Job | undefined; readonly error: Error | null; readonly live: boolean } {
  const queryClient = useQueryClient();
  const [live, setLive] = useState(false);
  const query = useQuery({
    ...jobQuery(id),
    initialData: () => queryClient.getQueryData<readonly Job[]>(bulkKeys.jobs)?.find((job) => job.id === id),
    initialDataUpdatedAt: 0,
    refetchInterval: ({ state }) => (state.data !== undefined && isRunning(state.data) && !live ? POLL_MS : false),
  });
  const running = query.data !== undefined && isRunning(query.data);
  useEffect(() => {
    if (!running) return;
    return listen(`${pathOf(id)}/stream`, {
      event: "job",
      onData: (job) => noteJob(queryClient, job as Job),
      onState: (state) => setLive(state === "open"),
    });
  }, [id, running, queryClient]);
  // What polling brings goes the same way as what the stream brings, so that the end of a job is seen either way.
  const { data } = query;
  useEffect(() => {
    if (data === undefined) return;
    const listed = queryClient.getQueryData<readonly Job[]>(bulkKeys.jobs)?.find((job) => job.id === id);
    if (listed === data) return;
    if (listed !== undefined && isOver(data) && !isOver(listed)) refreshAfter(queryClient, data);
    queryClient.setQueryData<Job[]>(bulkKeys.jobs, (jobs = []) => (jobs.some((one) => one.id === id) ? jobs.map((one) => (one.id === id ? data : one)) : [data, ...jobs]));
  }, [data, id, queryClient]);
  return { job: data, error: query.error, live: live && running };
}

/** Give the function that acts on a job. */
export function useJobActions(): (id: string, action: JobAction, body?: unknown) => Promise<Job> {
  const queryClient = useQueryClient();
  return useCallback((id, action, body) => actOnJob(queryClient, id, action, body), [queryClient]);
}

/** Whether the gateway is one without bulk jobs, or this reader may not see them. */
export const hasNoJobs = (error: unknown): boolean => error instanceof ApiError && (error.status === 404 || error.status === 403);
