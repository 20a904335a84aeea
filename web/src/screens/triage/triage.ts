import { createContext, useContext } from "react";

import type { Assignee, Issue, IssueUpdate } from "@/core/model";

/** What a picker asks for before the change can be made. */
export type Question = "resolve" | "archive" | "assign" | "priority";

/** Who an update assigns: the name for the toast, the person or team for the optimistic row. */
export interface Target {
  readonly name: string;
  /** Absent when only Sentry knows who it is, as with "me". */
  readonly assignee?: Assignee | null;
}

export interface Triage {
  /** Change issues now. Never rejects: what failed is told in the toast. */
  readonly apply: (issues: readonly Issue[], update: IssueUpdate, target?: Target) => Promise<void>;
  /** Ask how, in a picker at `anchor` (or mid-screen), then change them. */
  readonly choose: (what: Question, issues: readonly Issue[], anchor?: HTMLElement | null) => void;
}

export const TriageContext = createContext<Triage | null>(null);

export function useTriage(): Triage {
  const triage = useContext(TriageContext);
  if (triage === null) throw new Error("useTriage needs a TriageProvider above it");
  return triage;
}
