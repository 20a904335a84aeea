import { queryOptions } from "@tanstack/react-query";

import { api } from "@/api/client";
import type { AddressOf } from "@/api/contract";
import type { Environment, Member, Page, Project, Release, Team } from "@/core/model";
import { nextCursor } from "@/core/paging";

const MINUTES_5 = 5 * 60_000;
const MOST_PAGES = 10;

/** Give every entry of a short list, following its pages to the end but never for ever. */
async function everyPage<T>(path: AddressOf<"get">, signal: AbortSignal): Promise<T[]> {
  const all: T[] = [];
  const followed: (string | null)[] = [null];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: Page<T> = await api.get<Page<T>>(path, { cursor }, signal);
    all.push(...answer.data);
    cursor = nextCursor(answer, followed);
    if (cursor === undefined) break;
    followed.push(cursor);
  }
  return all;
}

export const projectsQuery = queryOptions({
  queryKey: ["organization", "projects"],
  queryFn: ({ signal }) => everyPage<Project>("/api/v1/projects", signal),
  staleTime: MINUTES_5,
});

export const environmentsQuery = queryOptions({
  queryKey: ["organization", "environments"],
  queryFn: ({ signal }) => everyPage<Environment>("/api/v1/environments", signal),
  staleTime: MINUTES_5,
});

export const membersQuery = queryOptions({
  queryKey: ["organization", "members"],
  queryFn: ({ signal }) => everyPage<Member>("/api/v1/members", signal),
  staleTime: MINUTES_5,
});

export const teamsQuery = queryOptions({
  queryKey: ["organization", "teams"],
  queryFn: ({ signal }) => everyPage<Team>("/api/v1/teams", signal),
  staleTime: MINUTES_5,
});

/** The latest releases of a project, by its id since Sentry knows no other word here; of all projects without one. */
export function releasesQuery(projectId: string | null) {
  return queryOptions({
    queryKey: ["organization", "releases", projectId],
    queryFn: async ({ signal }) => (await api.get<Page<Release>>("/api/v1/releases", { project: projectId === null ? [] : [projectId] }, signal)).data,
    staleTime: MINUTES_5,
  });
}
