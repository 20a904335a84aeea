import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { counted } from "@/core/format";
import { compared, mergeRefusal, parentOf } from "@/core/merge";
import type { Issue } from "@/core/model";
import { issueDetailQuery } from "@/queries/issue";
import { mergeIssues } from "@/queries/merge";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./triage.module.css";

interface Props {
  issues: readonly Issue[];
  onMerged: (parent: Issue, others: readonly Issue[], done: boolean) => void;
  onClose: () => void;
}

const MOST_TAGS = 4;

/** In what some issues differ, which of them stays, and the word to merge. */
export function MergeDialog({ issues, onMerged, onClose }: Props) {
  const queryClient = useQueryClient();
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const parentId = parentOf(issues)?.id ?? "";
  const [all, setAll] = useState(false);
  const details = useQueries({ queries: issues.map(({ id }) => issueDetailQuery(id)) });
  const parent = issues.find(({ id }) => id === parentId);
  const others = issues.filter(({ id }) => id !== parentId);
  const merge = useMutation({
    mutationFn: async () => (parent === undefined ? null : await mergeIssues(queryClient, parent, others)),
    onSuccess: (merged) => {
      const stays = issues.find(({ id }) => id === merged?.parent);
      if (merged !== null && stays !== undefined) onMerged(stays, issues.filter((issue) => issue !== stays), merged.state === "done");
    },
  });
  const refusal = mergeRefusal(issues);
  const known = details.map(({ data }) => data);
  const tagKeys = [...new Set(known.flatMap((detail) => detail?.distributions.map(({ key }) => key) ?? []))].slice(0, MOST_TAGS);
  const rows = compared(issues, [
    ["First release", known.map((detail) => detail?.firstRelease ?? "–")],
    ["Last release", known.map((detail) => detail?.lastRelease ?? "–")],
    ...tagKeys.map((key) => [`Tag ${key}`, known.map((detail) => detail?.distributions.find((one) => one.key === key)?.shares.slice(0, 3).map(({ label }) => label).join(", ") ?? "–")] as const),
  ]);
  const shown = all ? rows : rows.filter(({ differs }) => differs);
  return (
    <Dialog title={`Merge ${counted(issues.length, "issue")}`} from={narrow ? "below" : "middle"} size={Math.min(1100, 260 + issues.length * 240)} onClose={onClose}>
      <div className={classes.merge}>
        {refusal !== null && (
          <p role="alert" className={classes.refusal}>
            {refusal}
          </p>
        )}
        <p className={classes.quiet}>Sentry keeps the issue with most events, and moves those of the others into it. They can be split off again from its page for as long as Sentry keeps their groups.</p>
        <div className={classes.compare} tabIndex={0} role="region" aria-label="What differs">
          <table>
            <thead>
              <tr>
                <th scope="col">Issue</th>
                {issues.map((issue) => (
                  <th key={issue.id} scope="col">
                    <code>{issue.shortId}</code> {issue.id === parentId && <strong>stays</strong>}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map(({ label, values, differs }) => (
                <tr key={label} data-differs={differs || undefined}>
                  <th scope="row">{label}</th>
                  {values.map((value, index) => (
                    <td key={index}>
                      <VisibleText text={value === "" ? "–" : value} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <button type="button" className={classes.textButton} onClick={() => setAll(!all)}>
          {all ? "Show only what differs" : `Show also what is the same (${rows.length - rows.filter(({ differs }) => differs).length})`}
        </button>
        {details.some(({ isPending }) => isPending) && <p className={classes.quiet}>Loading releases and tags</p>}
        {merge.error !== null && <ErrorState compact error={merge.error} />}
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={refusal !== null} loading={merge.isPending} onClick={() => merge.mutate()}>
            Merge into {parent?.shortId ?? "one"}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
