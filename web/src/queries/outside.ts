import { type QueryClient, queryOptions } from "@tanstack/react-query";

import { api } from "@/api/client";
import { readAttachments, readOutsideLinks, readUserReports } from "@/core/event/outside";

const pathOf = (id: string) => `/api/v1/issues/${encodeURIComponent(id)}` as const;

/** What the users of the application wrote when it failed. */
export function userReportsQuery(id: string) {
  return queryOptions({ queryKey: ["issue", id, "user-reports"], queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/user-reports`, undefined, signal), select: readUserReports, staleTime: 60_000, retry: false });
}

/** The files that came with its events. */
export function attachmentsQuery(id: string) {
  return queryOptions({ queryKey: ["issue", id, "attachments"], queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/attachments`, undefined, signal), select: readAttachments, staleTime: 60_000, retry: false });
}

/** Where the file is downloaded. The gateway has it saved, never shown. */
export const attachmentAddress = (id: string, attachment: string): string => `${pathOf(id)}/attachments/${encodeURIComponent(attachment)}`;

/** What it is linked with in other trackers. */
export function outsideLinksQuery(id: string) {
  return queryOptions({ queryKey: ["issue", id, "external-issues"], queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/external-issues`, undefined, signal), select: readOutsideLinks, staleTime: 60_000, retry: false });
}

export interface LinkDraft {
  readonly url: string;
  readonly project: string;
  readonly identifier: string;
}

/** Link an issue with one in another tracker, through an app that is installed in Sentry. Throws the ApiError. */
export async function addOutsideLink(queryClient: QueryClient, id: string, draft: LinkDraft): Promise<void> {
  await api.post<unknown>(`${pathOf(id)}/external-issues`, draft);
  await queryClient.invalidateQueries({ queryKey: ["issue", id, "external-issues"] });
}

/** Take a link away. Throws the ApiError. */
export async function removeOutsideLink(queryClient: QueryClient, id: string, link: string): Promise<void> {
  await api.delete(`${pathOf(id)}/external-issues/${encodeURIComponent(link)}`);
  await queryClient.invalidateQueries({ queryKey: ["issue", id, "external-issues"] });
}
