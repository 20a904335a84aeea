import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";

import { asApiError } from "@/api/error";
import { isOver, type Job, undoLeftMs } from "@/core/bulk/job";
import { shortSpan } from "@/core/format";
import { sentences } from "@/core/sentences";
import { type JobAction, useJobActions } from "@/queries/bulk";
import { useNow } from "@/ui/useNow";

import classes from "./bulk.module.css";

/** Beyond this nobody needs to be told how long an undo stays possible. */
const PRESSING_MS = 60 * 60_000;

interface Props {
  job: Job;
  /** The way to what became of each issue; absent where that is on screen already. */
  onShow?: (() => void) | undefined;
}

/** What can be done with a job as it stands: pause, go on, cancel, undo. */
export function JobActions({ job, onShow }: Props) {
  const act = useJobActions();
  const now = useNow();
  const doing = useMutation({ mutationFn: (action: JobAction) => act(job.id, action) });
  const left = undoLeftMs(job, now);
  const failure = doing.error === null ? null : asApiError(doing.error);
  const button = (action: JobAction, label: string) => (
    <Button key={action} size="compact-sm" variant={action === "undo" ? "light" : "default"} loading={doing.isPending && doing.variables === action} onClick={() => doing.mutate(action)}>
      {label}
    </Button>
  );
  return (
    <>
      <div className={classes.cardActions}>
        {(job.state === "applying" || job.state === "verifying") && button("pause", "Pause")}
        {job.state === "paused" && button("resume", "Go on")}
        {!isOver(job) && button("cancel", "Cancel")}
        {left > 0 && button("undo", left < PRESSING_MS ? `Undo (${shortSpan(left / 1000)} left)` : "Undo")}
        {onShow !== undefined && (
          <Button size="compact-sm" variant="subtle" color="gray" onClick={onShow}>
            Details
          </Button>
        )}
      </div>
      {isOver(job) && job.undo !== null && !job.undo.possible && job.undo.by === null && job.undo.why !== null && <p className={classes.quiet}>{job.undo.why}</p>}
      {job.undo?.by != null && <p className={classes.quiet}>Taken back by a later job.</p>}
      {failure !== null && (
        <p className={classes.refused} role="alert">
          {sentences(failure.message, failure.remedy)}
        </p>
      )}
    </>
  );
}
