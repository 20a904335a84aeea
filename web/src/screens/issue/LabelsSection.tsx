import { ActionIcon } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import type { Issue } from "@/core/model";
import { labelIssues, useMarks } from "@/queries/labels";
import { LabelChip } from "@/ui/LabelChip";

import { tell } from "../triage/toast";
import { useTriage } from "../triage/triage";
import classes from "./issue.module.css";
import sideClasses from "./side.module.css";

/** Dexter's own labels on the issue. */
export function LabelsSection({ issue }: { issue: Issue }) {
  const triage = useTriage();
  const queryClient = useQueryClient();
  const ids = useMemo(() => [issue.id], [issue.id]);
  const labels = useMarks(ids).get(issue.id)?.labels ?? [];
  const remove = async (label: (typeof labels)[number]) => {
    const { refused } = await labelIssues(queryClient, [issue], label, false);
    if (refused.length > 0) tell({ done: null, refused }, null);
  };
  return (
    <section aria-labelledby="labels-title">
      <div className={sideClasses.head}>
        <h2 id="labels-title" className={classes.sectionTitle}>
          Labels
        </h2>
        {triage.may && (
          <ActionIcon variant="subtle" color="gray" size={24} aria-label="Change the labels" aria-haspopup="dialog" data-tip="Label (l)" onClick={(press) => triage.choose("label", [issue], press.currentTarget)}>
            <IconPlus size={14} />
          </ActionIcon>
        )}
      </div>
      {labels.length === 0 ? (
        <p className={sideClasses.quiet}>None</p>
      ) : (
        <div className={sideClasses.labels}>
          {labels.map((label) => (
            <LabelChip key={label.name} name={label.name} color={label.color} onRemove={triage.may ? () => void remove(label) : undefined} />
          ))}
        </div>
      )}
    </section>
  );
}
