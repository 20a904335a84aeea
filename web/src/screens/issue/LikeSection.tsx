import { Button, Checkbox } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { asApiError } from "@/api/error";
import { counted } from "@/core/format";
import type { Issue } from "@/core/model";
import { sentences } from "@/core/sentences";
import { addressOf } from "@/core/view";
import { issueDetailQuery } from "@/queries/issue";
import { mergedQuery, similarQuery, unmerge } from "@/queries/merge";
import { useView } from "@/screens/stream/useView";
import { Ago } from "@/ui/Ago";
import { VisibleText } from "@/ui/VisibleText";

import { useTriage } from "../triage/triage";
import classes from "./issue.module.css";
import sideClasses from "./side.module.css";

const SHOWN = 5;

/** The heading's id, where the key for merging leads. */
export const SIMILAR_TITLE = "similar-title";

/** Issues that look like this one; those that are the same can be merged into it. */
export function SimilarSection({ issue }: { issue: Issue }) {
  const triage = useTriage();
  const queryClient = useQueryClient();
  const similar = useQuery(similarQuery(issue.id));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const { view } = useView();
  const merge = useMutation({
    mutationFn: async () => {
      const pages = await Promise.all(chosen.map((id) => queryClient.query(issueDetailQuery(id))));
      triage.merge([issue, ...pages.map((page) => page.issue)]);
    },
  });
  return (
    <section aria-labelledby={SIMILAR_TITLE}>
      <h2 id={SIMILAR_TITLE} className={classes.sectionTitle} tabIndex={-1}>
        Similar issues
      </h2>
      {similar.isPending && <p className={sideClasses.quiet}>Looking for similar issues</p>}
      {similar.isError && <p className={sideClasses.quiet}>{sentences(asApiError(similar.error).message)}</p>}
      {similar.data?.length === 0 && <p className={sideClasses.quiet}>Nothing looks like this one.</p>}
      {similar.data !== undefined && similar.data.length > 0 && (
        <ul className={sideClasses.like}>
          {similar.data.slice(0, SHOWN).map(({ issue: one, score }) => (
            <li key={one.id}>
              {triage.may && <Checkbox size="xs" aria-label={`Merge ${one.shortId}`} checked={chosen.includes(one.id)} onChange={(event) => setChosen(event.currentTarget.checked ? [...chosen, one.id] : chosen.filter((id) => id !== one.id))} />}
              <span>
                <Link to="/issues/$issueId" params={{ issueId: one.id }} search={addressOf(view)}>
                  {one.shortId}
                </Link>{" "}
                <VisibleText text={one.title} />
              </span>
              {score !== null && <small data-tip="How alike their stack traces and messages are">{Math.round(score * 100)}%</small>}
            </li>
          ))}
        </ul>
      )}
      {chosen.length > 0 && (
        <Button size="compact-sm" variant="default" loading={merge.isPending} onClick={() => merge.mutate()}>
          Compare and merge {counted(chosen.length + 1, "issue")}
        </Button>
      )}
      {merge.error !== null && <p className={sideClasses.refused}>{asApiError(merge.error).message}</p>}
    </section>
  );
}

/** What was merged into this issue, each part of which can be split off again. */
export function MergedSection({ issueId }: { issueId: string }) {
  const queryClient = useQueryClient();
  const { may } = useTriage();
  const merged = useQuery(mergedQuery(issueId));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const split = useMutation({ mutationFn: () => unmerge(queryClient, issueId, chosen), onSuccess: () => setChosen([]) });
  // One group of events is the issue itself: nothing was merged.
  if (merged.data === undefined || merged.data.length < 2) return null;
  const failure = split.error === null ? null : asApiError(split.error);
  return (
    <section aria-labelledby="merged-title">
      <h2 id="merged-title" className={classes.sectionTitle}>
        Merged here
        <span className={classes.count}>{merged.data.length}</span>
      </h2>
      <ul className={sideClasses.like}>
        {merged.data.map(({ id, title, at }) => (
          <li key={id}>
            {may && <Checkbox size="xs" aria-label={`Split off ${title}`} checked={chosen.includes(id)} onChange={(event) => setChosen(event.currentTarget.checked ? [...chosen, id] : chosen.filter((one) => one !== id))} />}
            <span>
              <code>{id.slice(0, 8)}</code> <VisibleText text={title} />
            </span>
            {at !== null && (
              <small>
                <Ago iso={at} bare />
              </small>
            )}
          </li>
        ))}
      </ul>
      {chosen.length > 0 && (
        <Button size="compact-sm" variant="default" loading={split.isPending} disabled={chosen.length === merged.data.length} onClick={() => split.mutate()}>
          Split {counted(chosen.length, "group")} off
        </Button>
      )}
      {chosen.length === merged.data.length && <p className={sideClasses.quiet}>At least one group stays.</p>}
      {split.isSuccess && <p className={sideClasses.quiet} role="status">Sentry splits them off in its own time.</p>}
      {failure !== null && (
        <p role="alert" className={sideClasses.refused}>
          {sentences(failure.message, failure.remedy)}
        </p>
      )}
    </section>
  );
}
