import { createContext, useContext } from "react";

import type { BulkSelection, Operation } from "@/core/bulk/job";
import type { Assignee, Issue, IssueUpdate } from "@/core/model";

/** What a picker asks for before the change can be made. */
export type Question = "resolve" | "archive" | "assign" | "priority" | "label";

/** Who an update assigns: the name for the toast, the person or team for the optimistic row. */
export interface Target {
  readonly name: string;
  /** Absent when only Sentry knows who it is, as with "me". */
  readonly assignee?: Assignee | null;
}

/** More issues than are at hand: a selection that the gateway resolves. */
export interface Crowd {
  readonly selection: BulkSelection;
  /** How many they are, as far as is known. */
  readonly total: number | null;
  /** The one project that all of them are known to be of, where it is not in the selection itself. */
  readonly project?: string | null;
}

/** What an action is for: the issues themselves, or a crowd of them. */
export type Subjects = readonly Issue[] | Crowd;

/** A handful is changed at once and taken back with one key; more is previewed first, as a job. */
export const HANDFUL = 10;

export const isCrowd = (subjects: Subjects): subjects is Crowd => !Array.isArray(subjects);

/** Give the subjects as a crowd when they are too many to be changed in one breath. */
export function crowdOf(subjects: Subjects): Crowd | null {
  if (isCrowd(subjects)) return subjects;
  return subjects.length > HANDFUL ? asCrowd(subjects) : null;
}

/** Give issues as a crowd, however few they are. */
export const asCrowd = (issues: readonly Issue[]): Crowd => ({ selection: { ids: issues.map(({ id }) => id) }, total: issues.length, project: onlyProject(issues.map(({ project }) => project.slug)) });

/** Give the one project that all subjects are of; null when they are of several, or nobody knows. */
export function projectOf(subjects: Subjects): string | null {
  if (!isCrowd(subjects)) return onlyProject(subjects.map(({ project }) => project.slug));
  const { selection, project = null } = subjects;
  return project ?? ("ids" in selection ? null : onlyProject(selection.project ?? []));
}

function onlyProject(slugs: readonly string[]): string | null {
  const [first = null, ...others] = new Set(slugs);
  return others.length === 0 && first !== "" ? first : null;
}

export interface Triage {
  /** Whether the reader may change issues; whatever else is asked of this is refused in words when not. */
  readonly may: boolean;
  /** Change issues now, or show what a job would change when they are many. Never rejects: what failed is told in the toast. */
  readonly apply: (subjects: Subjects, update: IssueUpdate, target?: Target) => Promise<void>;
  /** Ask how, in a picker at `anchor` (or mid-screen), then change them. */
  readonly choose: (what: Question, subjects: Subjects, anchor?: HTMLElement | null) => void;
  /** Show what a job with these operations would do. With none, ask for them first. */
  readonly bulk: (crowd: Crowd, operations: readonly Operation[]) => void;
  /** Merge issues into one, after showing in what they differ. */
  readonly merge: (subjects: Subjects) => void;
}

export const TriageContext = createContext<Triage | null>(null);

export function useTriage(): Triage {
  const triage = useContext(TriageContext);
  if (triage === null) throw new Error("useTriage needs a TriageProvider above it");
  return triage;
}
