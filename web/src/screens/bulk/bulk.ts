import { createContext, useContext } from "react";

import type { Operation } from "@/core/bulk/job";
import type { Crowd } from "@/screens/triage/triage";

export interface Bulk {
  /** Show what a job with these operations would do; with none, ask for them first. `onApplied` hears when it was confirmed. */
  readonly open: (crowd: Crowd, operations: readonly Operation[]) => void;
  /** Tell that something was done to what is selected, by a job or at once. */
  readonly applied: (operations: readonly Operation[]) => void;
  /** Hears of everything that is done to what is selected. Gives the way to stop. */
  readonly whenApplied: (listener: (operations: readonly Operation[]) => void) => () => void;
}

export const BulkContext = createContext<Bulk | null>(null);

export function useBulk(): Bulk {
  const bulk = useContext(BulkContext);
  if (bulk === null) throw new Error("useBulk needs a BulkProvider above it");
  return bulk;
}
