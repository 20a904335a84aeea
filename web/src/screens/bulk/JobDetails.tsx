import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { isOver, ITEM_STATES, type ItemState, type Job, type JobItem, progressOf } from "@/core/bulk/job";
import { differences, itemStateWord, jobStateWords, jobTitle } from "@/core/bulk/words";
import { exactCount } from "@/core/format";
import { useAssigneeNames } from "@/queries/assignees";
import { itemsQuery, useJob } from "@/queries/bulk";
import { Ago } from "@/ui/Ago";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./bulk.module.css";
import { JobActions } from "./JobActions";

/** What became of each issue of a job, and why. */
export function JobDetails({ id, onClose }: { id: string; onClose: () => void }) {
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const { job, error } = useJob(id);
  const nameOf = useAssigneeNames();
  return (
    <Dialog title={job === undefined ? "Job" : jobTitle(job, nameOf)} from={narrow ? "below" : "middle"} size={820} onClose={onClose}>
      <div className={classes.pane}>
        {job === undefined && error !== null && <ErrorState compact error={error} />}
        {job !== undefined && <JobBody job={job} onClose={onClose} />}
      </div>
    </Dialog>
  );
}

function JobBody({ job, onClose }: { job: Job; onClose: () => void }) {
  const [wanted, setWanted] = useState<ItemState | null>(null);
  const percent = Math.round(progressOf(job) * 100);
  return (
    <>
      <p className={classes.lead}>{jobStateWords(job)}</p>
      <p className={classes.quiet}>
        {job.created_by?.name ?? "Somebody"}, <Ago iso={job.created_at} />
      </p>
      {!isOver(job) && (
        <div className={classes.bar} role="progressbar" aria-label="Progress" aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
          <i style={{ width: `${percent}%` }} />
        </div>
      )}
      <JobActions job={job} />
      <div className={classes.states} role="group" aria-label="Show issues that are">
        <button type="button" aria-pressed={wanted === null} onClick={() => setWanted(null)}>
          All {exactCount(job.counts.total)}
        </button>
        {ITEM_STATES.filter((state) => state !== "pending" || !isOver(job)).map((state) => (
          <button key={state} type="button" aria-pressed={wanted === state} disabled={job.counts[state as keyof typeof job.counts] === 0} onClick={() => setWanted(state)}>
            {itemStateWord(state)} {exactCount(job.counts[state as keyof typeof job.counts])}
          </button>
        ))}
      </div>
      <Items id={job.id} state={wanted} onFollow={onClose} />
    </>
  );
}

function Items({ id, state, onFollow }: { id: string; state: ItemState | null; onFollow: () => void }) {
  const items = useInfiniteQuery(itemsQuery(id, state));
  if (items.isPending) {
    return (
      <p className={classes.quiet} role="status">
        Loading what became of each
      </p>
    );
  }
  if (items.isError) return <ErrorState compact error={items.error} onRetry={() => void items.refetch()} />;
  const rows = items.data.pages.flatMap((page) => page.data);
  if (rows.length === 0) return <p className={classes.quiet}>No issue is in this state.</p>;
  return (
    <>
      <ul className={classes.items} aria-label="Issues of the job">
        {rows.map((item) => (
          <ItemRow key={item.position} item={item} onFollow={onFollow} />
        ))}
      </ul>
      {items.hasNextPage && (
        <Button variant="default" size="compact-md" loading={items.isFetchingNextPage} onClick={() => void items.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function ItemRow({ item, onFollow }: { item: JobItem; onFollow: () => void }) {
  const changed = item.state === "done" ? differences(item.before, item.after) : [];
  return (
    <li data-state={item.state}>
      <span className={classes.itemState}>{itemStateWord(item.state)}</span>
      <span className={classes.itemMain}>
        <Link to="/issues/$issueId" params={{ issueId: item.issue_id }} onClick={onFollow}>
          {item.short_id ?? item.issue_id}
        </Link>{" "}
        <VisibleText text={item.title ?? ""} />
        {item.reason !== null && (
          <small>
            <VisibleText text={item.reason} />
          </small>
        )}
        {changed.length > 0 && (
          <small>
            {changed.map(({ field, from, to }, index) => (
              <span key={index}>
                {field}: <VisibleText text={from} /> → <VisibleText text={to} />{" "}
              </span>
            ))}
          </small>
        )}
      </span>
    </li>
  );
}
