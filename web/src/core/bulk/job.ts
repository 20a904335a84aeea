/** Bulk jobs as the gateway tells of them: what is asked for, what would happen, and what became of each issue. */

import type { ArchiveMode, IssueUpdate, Priority, ResolveMode } from "../model";
import type { LevelFilter, Period, StatusTab } from "../view";

/** Which issues a job is for. */
export type BulkSelection =
  | { readonly ids: readonly string[] }
  | {
      readonly query: string;
      readonly status?: StatusTab;
      readonly period?: Period;
      readonly environment?: readonly string[];
      readonly project?: readonly string[];
      readonly level?: readonly LevelFilter[];
      /** Issues that match but were taken out again. */
      readonly exclude?: readonly string[];
    };

export type Flag = "seen" | "bookmark" | "subscribe" | "public" | "reviewed";

/** One thing to do with every issue of a job. */
export type Operation =
  | { readonly op: "status"; readonly status: "resolved" | "unresolved" | "archived"; readonly resolve?: ResolveMode; readonly archive?: ArchiveMode }
  | { readonly op: "assign"; readonly assignee: string | null }
  | { readonly op: "priority"; readonly priority: Priority }
  | { readonly op: Flag; readonly value: boolean }
  | { readonly op: "label"; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly op: "merge" }
  | { readonly op: "delete" }
  | { readonly op: "discard" }
  /** Of a job that takes another one back; nobody asks for it by itself. */
  | { readonly op: "undo"; readonly job: string };

export type JobState = "resolving" | "previewed" | "applying" | "verifying" | "paused" | "done" | "cancelled" | "failed";

export interface JobCounts {
  readonly total: number;
  readonly pending: number;
  readonly done: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly failed: number;
  readonly unknown: number;
}

export interface PreviewSample {
  readonly issue_id: string;
  readonly short_id: string | null;
  readonly title: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

export interface PreviewChange {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly count: number;
}

export interface JobPreview {
  readonly total: number;
  /** How many of them are not so already, and are sent to Sentry. */
  readonly to_send: number;
  readonly projects: readonly { readonly slug: string; readonly count: number }[];
  readonly samples: readonly PreviewSample[];
  readonly changes: readonly PreviewChange[];
  readonly irreversible: readonly { readonly op: string; readonly count: number; readonly why: string }[];
  readonly skipped: readonly { readonly reason: string; readonly count: number }[];
  readonly estimated_calls: number;
  readonly estimated_s: number;
  readonly needs_confirmation: boolean;
  /** Shows that the preview was looked at; null once the job has begun. */
  readonly confirmation: string | null;
  /** Changes of kinds too many to name. */
  readonly further_changes: number;
  /** Issues that began to match after the search was read; they are not in the job. */
  readonly entered_meanwhile: number;
}

export interface JobUndo {
  readonly possible: boolean;
  readonly until: string | null;
  /** The job that this one takes back. */
  readonly of: string | null;
  /** The job that took this one back. */
  readonly by: string | null;
  readonly why: string | null;
}

export interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly phase: string | null;
  readonly organization: string;
  readonly created_by: { readonly id: string | null; readonly name: string | null } | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly operations: readonly Operation[];
  readonly counts: JobCounts;
  readonly preview: JobPreview | null;
  readonly undo: JobUndo | null;
  readonly error: string | null;
  /** Why it is paused, cancelled or failed. */
  readonly reason: string | null;
  /** When a job that waits for Sentry goes on by itself. */
  readonly resumes_at: string | null;
  /** What it will do after what is under way. */
  readonly wish: "pause" | "cancel" | null;
  readonly eta_s: number | null;
}

export const ITEM_STATES = ["failed", "unknown", "skipped", "unchanged", "done", "pending"] as const;
export type ItemState = (typeof ITEM_STATES)[number] | "sent";

/** What became of one issue. */
export interface JobItem {
  readonly position: number;
  readonly issue_id: string;
  readonly short_id: string | null;
  readonly title: string | null;
  readonly project: string | null;
  readonly state: ItemState;
  readonly reason: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

/** Whether the gateway is at work on it, so that it changes without anybody asking. */
export const isRunning = (job: Pick<Job, "state">): boolean => job.state === "resolving" || job.state === "applying" || job.state === "verifying";

export const isOver = (job: Pick<Job, "state">): boolean => job.state === "done" || job.state === "cancelled" || job.state === "failed";

/** Whether it was started at all; a preview that nobody confirmed changed nothing. */
export const hasBegun = (job: Pick<Job, "state" | "started_at">): boolean => job.started_at !== null || job.state === "applying" || job.state === "verifying";

/** Give how much of it is behind, from 0 to 1. */
export function progressOf({ state, counts }: Pick<Job, "state" | "counts">): number {
  if (state === "done") return 1;
  return counts.total === 0 ? 0 : Math.min(1, (counts.total - counts.pending) / counts.total);
}

/** Give the milliseconds in which it can still be taken back; 0 when it cannot. */
export function undoLeftMs(job: Pick<Job, "state" | "undo">, nowMs: number): number {
  const { undo } = job;
  if (!isOver(job) || undo === null || !undo.possible || undo.by !== null) return 0;
  return undo.until === null ? Number.POSITIVE_INFINITY : Math.max(0, Date.parse(undo.until) - nowMs);
}

const GONE_AFTER_MS = 15 * 60_000;

/** Whether the reader still wants it at hand: it runs, waits, or has ended not long ago. */
export function isAtHand(job: Job, dismissed: readonly string[], nowMs: number): boolean {
  if (dismissed.includes(job.id)) return false;
  // A preview is in its dialog; what takes another job back needs none, and is under way at once.
  const previewing = job.state === "previewed" || (job.state === "resolving" && job.started_at === null);
  if (!isOver(job)) return !previewing || job.undo?.of != null;
  // What was cancelled before it began is nothing to tell of.
  if (job.started_at === null && job.state !== "failed") return false;
  // What was taken back is told of by the job that did so.
  if (job.undo?.by != null) return false;
  return nowMs - Date.parse(job.finished_at ?? job.created_at) < GONE_AFTER_MS;
}

/** Give the operations that say the same as an update of one issue. */
export function operationsOf(update: IssueUpdate): Operation[] {
  return [
    ...(update.status === undefined
      ? []
      : [
          {
            op: "status" as const,
            status: update.status,
            ...(update.resolve === undefined ? {} : { resolve: update.resolve }),
            ...(update.archive === undefined ? {} : { archive: update.archive }),
          },
        ]),
    ...(update.assignee === undefined ? [] : [{ op: "assign" as const, assignee: update.assignee }]),
    ...(update.priority === undefined ? [] : [{ op: "priority" as const, priority: update.priority }]),
    ...(update.seen === undefined ? [] : [{ op: "seen" as const, value: update.seen }]),
    ...(update.bookmark === undefined ? [] : [{ op: "bookmark" as const, value: update.bookmark }]),
    ...(update.subscribed === undefined ? [] : [{ op: "subscribe" as const, value: update.subscribed }]),
    ...(update.public === undefined ? [] : [{ op: "public" as const, value: update.public }]),
    ...(update.reviewed === undefined ? [] : [{ op: "reviewed" as const, value: update.reviewed }]),
  ];
}

/** Whether issues leave an open list when this is done to them. */
export const takesAway = (operations: readonly Operation[]): boolean => operations.some(({ op }) => op === "status" || op === "merge" || op === "delete" || op === "discard" || op === "undo");

const LAST = new Set(["merge", "delete", "discard"]);

/** Give the operations with `added` among them: one of each kind, and nothing beside what ends an issue. */
export function withOperation(operations: readonly Operation[], added: Operation): Operation[] {
  if (LAST.has(added.op)) return [added];
  return [...operations.filter(({ op }) => op !== added.op && !LAST.has(op)), added];
}
