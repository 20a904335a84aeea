import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";

import type { Operation } from "@/core/bulk/job";
import { actOnJob, askForJob } from "@/queries/bulk";
import type { Crowd } from "@/screens/triage/triage";

export type Stage =
  | { readonly at: "choosing" }
  | { readonly at: "asking" }
  | { readonly at: "refused"; readonly error: unknown }
  | { readonly at: "job"; readonly id: string };

/** A job in the making: for whom, what, and how far it is. */
export interface BulkFlow {
  readonly crowd: Crowd;
  readonly operations: readonly Operation[];
  readonly stage: Stage;
}

export interface BulkFlowControl {
  readonly flow: BulkFlow | null;
  /** Begin: with operations the preview is asked for at once, without them the reader chooses first. */
  readonly open: (crowd: Crowd, operations: readonly Operation[]) => void;
  readonly choose: (operations: readonly Operation[]) => void;
  readonly ask: (crowd: Crowd, operations: readonly Operation[]) => void;
  readonly back: () => void;
  readonly close: () => void;
  /** It was confirmed and runs: the dialog goes, the job stays. */
  readonly leave: () => void;
}

/** Choose, look, confirm. A job whose preview is left unconfirmed is cancelled, so that nothing waits that nobody wants. */
export function useBulkFlow(): BulkFlowControl {
  const queryClient = useQueryClient();
  const [flow, setFlow] = useState<BulkFlow | null>(null);
  /** The latest request; an answer to an earlier one comes too late. */
  const latest = useRef(0);

  const drop = useCallback((stage: Stage | undefined) => stage?.at === "job" && void actOnJob(queryClient, stage.id, "cancel").catch(() => undefined), [queryClient]);

  const ask = useCallback(
    (crowd: Crowd, operations: readonly Operation[]) => {
      latest.current += 1;
      const round = latest.current;
      setFlow({ crowd, operations, stage: { at: "asking" } });
      const arrive = (stage: Stage) => {
        if (latest.current === round) setFlow({ crowd, operations, stage });
        else drop(stage);
      };
      askForJob(queryClient, crowd.selection, operations).then(
        ({ id }) => arrive({ at: "job", id }),
        (error: unknown) => arrive({ at: "refused", error }),
      );
    },
    [queryClient, drop],
  );

  const open = useCallback(
    (crowd: Crowd, operations: readonly Operation[]) => {
      if (operations.length > 0) ask(crowd, operations);
      else setFlow({ crowd, operations, stage: { at: "choosing" } });
    },
    [ask],
  );

  const end = useCallback(() => {
    latest.current += 1;
    setFlow(null);
  }, []);

  return {
    flow,
    open,
    ask,
    choose: (operations) => setFlow((now) => now && { ...now, operations }),
    back: () => {
      latest.current += 1;
      drop(flow?.stage);
      setFlow((now) => now && { ...now, stage: { at: "choosing" } });
    },
    close: () => {
      drop(flow?.stage);
      end();
    },
    leave: end,
  };
}
