import { ActionIcon, Button } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { isAtHand, isOver, isRunning, type Job, progressOf } from "@/core/bulk/job";
import { jobStateWords, jobTitle } from "@/core/bulk/words";
import { counted } from "@/core/format";
import { useAssigneeNames } from "@/queries/assignees";
import { jobsQuery, useJob } from "@/queries/bulk";
import { useSession } from "@/queries/session";
import { useNow } from "@/ui/useNow";

import classes from "./bulk.module.css";
import { JobActions } from "./JobActions";

const MOST_DISMISSED = 50;

/** The jobs that run or have just ended, wherever the reader is. It outlasts a reload, since the gateway knows them. */
export function JobTray({ onShow }: { onShow: (id: string) => void }) {
  const session = useSession();
  const now = useNow();
  const jobs = useQuery(jobsQuery).data ?? [];
  const [dismissed, setDismissed] = useLocalStorage<string[]>({ key: "dexter-jobs-dismissed", defaultValue: [], getInitialValueInEffect: false });
  const [folded, setFolded] = useState(false);
  const own = (job: Job) => session.user.id === undefined || job.created_by?.id == null || job.created_by.id === session.user.id;
  const shown = jobs.filter((job) => own(job) && isAtHand(job, dismissed, now));
  if (shown.length === 0) return null;
  const running = shown.filter((job) => !isOver(job)).length;
  return (
    <section className={classes.tray} aria-label="Jobs" data-job-tray data-folded={folded || undefined}>
      <header>
        <h2>{running > 0 ? `${counted(running, "job")} under way` : counted(shown.length, "finished job")}</h2>
        {running === 0 && (
          <Button size="compact-sm" variant="subtle" color="gray" ml="auto" onClick={() => setDismissed([...dismissed, ...shown.map(({ id }) => id)].slice(-MOST_DISMISSED))}>
            Dismiss
          </Button>
        )}
        <ActionIcon variant="subtle" color="gray" size={28} aria-expanded={!folded} aria-label={folded ? "Unfold the jobs" : "Fold the jobs"} onClick={() => setFolded(!folded)}>
          {folded ? <IconChevronUp size={16} /> : <IconChevronDown size={16} />}
        </ActionIcon>
      </header>
      {/* Folded jobs are still watched, and still heard. */}
      <ul hidden={folded}>
        {shown.map((job) => (
          <li key={job.id}>
            <JobCard id={job.id} onShow={() => onShow(job.id)} onDismiss={() => setDismissed([...dismissed, job.id].slice(-MOST_DISMISSED))} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function JobCard({ id, onShow, onDismiss }: { id: string; onShow: () => void; onDismiss: () => void }) {
  const { job, error, live } = useJob(id);
  const nameOf = useAssigneeNames();
  if (job === undefined) return null;
  const title = jobTitle(job, nameOf);
  const percent = Math.round(progressOf(job) * 100);
  return (
    <article className={classes.card} aria-label={title} data-state={job.state}>
      <div className={classes.cardHead}>
        <button type="button" className={classes.cardTitle} onClick={onShow} aria-label={`${title}: what became of each`}>
          {title}
        </button>
        {isOver(job) && (
          <ActionIcon variant="subtle" color="gray" size={24} aria-label={`Dismiss: ${title}`} onClick={onDismiss}>
            <IconX size={14} />
          </ActionIcon>
        )}
      </div>
      {!isOver(job) && (
        <div className={classes.bar} role="progressbar" aria-label={title} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
          <i style={{ width: `${percent}%` }} />
        </div>
      )}
      <p className={classes.cardState} data-bad={job.counts.failed + job.counts.unknown > 0 || job.state === "failed" || undefined}>
        {error === null ? jobStateWords(job) : "The gateway does not answer. This is how it stood."}
        {isRunning(job) && error === null && !live && <span className="dx-unseen"> (asked every other second)</span>}
      </p>
      <JobActions job={job} onShow={onShow} />
      <span className="dx-unseen" role="status" aria-live="polite">
        {announcement(job)}
      </span>
    </article>
  );
}

/** Give what is said aloud of a job: each quarter and its end, not every step. */
function announcement(job: Job): string {
  const quarter = Math.floor(progressOf(job) * 4) * 25;
  return isRunning(job) ? `${jobTitle(job)}: ${quarter} %` : `${jobTitle(job)}. ${jobStateWords(job)}`;
}
