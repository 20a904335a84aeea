import { type QueryClient, queryOptions } from "@tanstack/react-query";

import { api } from "@/api/client";
import { ApiError } from "@/api/error";
import { readComments, readNotes } from "@/core/comments";

import { issueKeys } from "./issues";
import { patchMarks } from "./labels";
import { sinceNews } from "./sinceNews";

const pathOf = (id: string) => `/api/v1/issues/${encodeURIComponent(id)}` as const;

export const commentsKey = (id: string) => ["issue", id, "comments"] as const;
export const notesKey = (id: string) => ["issue", id, "notes"] as const;

/** What people wrote about an issue; in Sentry, so that all see it. */
export function commentsQuery(id: string) {
  return queryOptions({
    queryKey: commentsKey(id),
    queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/comments`, undefined, signal, sinceNews(id)),
    select: readComments,
    staleTime: 30_000,
    retry: false,
  });
}

/** Whether this Sentry has no comments at all: some servers do not serve them. */
export const hasNoComments = (error: unknown): error is ApiError => error instanceof ApiError && (error.status === 501 || error.status === 404 || error.status === 405 || error.status === 410);

export interface CommentDraft {
  readonly text: string;
  /** "user:1", "team:2": whom Sentry tells of it. */
  readonly mentions: readonly string[];
}

async function refresh(queryClient: QueryClient, id: string): Promise<void> {
  // The comments are also activity of the page.
  void queryClient.invalidateQueries({ queryKey: issueKeys.detail(id) });
  await queryClient.invalidateQueries({ queryKey: commentsKey(id) });
}

export async function addComment(queryClient: QueryClient, id: string, draft: CommentDraft): Promise<void> {
  await api.post<unknown>(`${pathOf(id)}/comments`, draft);
  await refresh(queryClient, id);
}

export async function editComment(queryClient: QueryClient, id: string, comment: string, draft: CommentDraft): Promise<void> {
  await api.put<unknown>(`${pathOf(id)}/comments/${encodeURIComponent(comment)}`, draft);
  await refresh(queryClient, id);
}

export async function deleteComment(queryClient: QueryClient, id: string, comment: string): Promise<void> {
  await api.delete(`${pathOf(id)}/comments/${encodeURIComponent(comment)}`);
  await refresh(queryClient, id);
}

/** Dexter's own notes on an issue; Sentry does not know them. */
export function notesQuery(id: string) {
  return queryOptions({
    queryKey: notesKey(id),
    queryFn: ({ signal }) => api.get<unknown>(`${pathOf(id)}/notes`, undefined, signal),
    select: readNotes,
    staleTime: 30_000,
    retry: false,
  });
}

export interface NoteDraft {
  readonly body: string;
  readonly pinned: boolean;
  readonly version?: number;
}

async function refreshNotes(queryClient: QueryClient, id: string, more: number): Promise<void> {
  patchMarks(queryClient, id, (marks) => ({ ...marks, notes: Math.max(0, marks.notes + more) }));
  await queryClient.invalidateQueries({ queryKey: notesKey(id) });
}

export async function addNote(queryClient: QueryClient, id: string, draft: NoteDraft): Promise<void> {
  await api.post<unknown>(`${pathOf(id)}/notes`, draft);
  await refreshNotes(queryClient, id, 1);
}

export async function editNote(queryClient: QueryClient, id: string, note: string, draft: NoteDraft): Promise<void> {
  await api.put<unknown>(`${pathOf(id)}/notes/${encodeURIComponent(note)}`, draft);
  await refreshNotes(queryClient, id, 0);
}

export async function deleteNote(queryClient: QueryClient, id: string, note: string): Promise<void> {
  await api.delete(`${pathOf(id)}/notes/${encodeURIComponent(note)}`);
  await refreshNotes(queryClient, id, -1);
}
