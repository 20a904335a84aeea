import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";

import { jobStateWords, jobTitle } from "@/core/bulk/words";
import { useAssigneeNames } from "@/queries/assignees";
import { hasNoJobs, jobsQuery } from "@/queries/bulk";
import { Ago } from "@/ui/Ago";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";

import classes from "./bulk.module.css";

/** The latest jobs of everybody, newest first. */
export function JobList({ onShow, onClose }: { onShow: (id: string) => void; onClose: () => void }) {
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const jobs = useQuery(jobsQuery);
  const nameOf = useAssigneeNames();
  return (
    <Dialog title="Latest jobs" from={narrow ? "below" : "middle"} size={680} onClose={onClose}>
      <div className={classes.pane}>
        {jobs.isPending && <p className={classes.quiet}>Loading the jobs</p>}
        {jobs.isError && (hasNoJobs(jobs.error) ? <p className={classes.quiet}>You may not see jobs here.</p> : <ErrorState compact error={jobs.error} onRetry={() => void jobs.refetch()} />)}
        {jobs.data?.length === 0 && <p className={classes.quiet}>Nothing has been changed in bulk yet. Select issues with x, then choose what to do with them.</p>}
        <ul className={classes.jobs}>
          {jobs.data?.map((job) => (
            <li key={job.id}>
              <button type="button" onClick={() => onShow(job.id)}>
                <strong>{jobTitle(job, nameOf)}</strong>
                <span>{jobStateWords(job)}</span>
                <small>
                  {job.created_by?.name ?? "Somebody"}, <Ago iso={job.created_at} />
                </small>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
