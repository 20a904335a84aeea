import { lazy, type ReactNode, Suspense, useCallback, useMemo, useRef, useState } from "react";

import type { Operation } from "@/core/bulk/job";
import { useCommands } from "@/ui/commands";

import { BulkContext, type Bulk } from "./bulk";
import { JobTray } from "./JobTray";
import { useBulkFlow } from "./useBulkFlow";

// Whoever only reads never needs these.
const BulkDialog = lazy(async () => ({ default: (await import("./BulkDialog")).BulkDialog }));
const JobDetails = lazy(async () => ({ default: (await import("./JobDetails")).JobDetails }));
const JobList = lazy(async () => ({ default: (await import("./JobList")).JobList }));

/** Lets every screen below begin jobs, and keeps those at hand in a tray wherever the reader goes. */
export function BulkProvider({ children }: { children: ReactNode }) {
  const control = useBulkFlow();
  const [shown, setShown] = useState<string | null>(null);
  const [listed, setListed] = useState(false);
  const listeners = useRef(new Set<(operations: readonly Operation[]) => void>());
  const whenApplied = useCallback((listener: (operations: readonly Operation[]) => void) => {
    listeners.current.add(listener);
    return () => listeners.current.delete(listener);
  }, []);
  const applied = useCallback((operations: readonly Operation[]) => listeners.current.forEach((tell) => tell(operations)), []);
  const { open } = control;
  const bulk = useMemo<Bulk>(() => ({ open, applied, whenApplied }), [open, applied, whenApplied]);
  useCommands([{ id: "go.jobs", label: "Show the latest jobs", section: "Jobs", run: () => setListed(true) }]);
  return (
    <BulkContext value={bulk}>
      {children}
      <JobTray onShow={setShown} />
      <Suspense fallback={null}>
      {control.flow !== null && (
        <BulkDialog
          flow={control.flow}
          control={control}
          onApplied={(job) => {
            control.leave();
            applied(job.operations);
          }}
        />
      )}
      {listed && (
        <JobList
          onShow={(id) => {
            setListed(false);
            setShown(id);
          }}
          onClose={() => setListed(false)}
        />
      )}
      {shown !== null && <JobDetails id={shown} onClose={() => setShown(null)} />}
      </Suspense>
    </BulkContext>
  );
}
