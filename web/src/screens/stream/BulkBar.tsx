import { ActionIcon, Button } from "@mantine/core";
import { IconArchive, IconArrowBackUp, IconCheck, IconUserPlus, IconX } from "@tabler/icons-react";
import type { MouseEvent } from "react";

import { counted } from "@/core/format";
import type { Issue } from "@/core/model";
import { PriorityMark } from "@/screens/triage/PriorityMark";
import { type Question, useTriage } from "@/screens/triage/triage";

import classes from "./stream.module.css";

/** The actions for the selected issues. It takes room of its own, so it never covers a row. */
export function BulkBar({ issues, onClear }: { issues: readonly Issue[]; onClear: () => void }) {
  const triage = useTriage();
  if (issues.length === 0) return null;
  const allOpen = issues.every(({ status }) => status === "unresolved");
  const choose = (what: Question) => (event: MouseEvent<HTMLButtonElement>) => triage.choose(what, issues, event.currentTarget);
  return (
    <div className={classes.bulk} data-bulk-bar role="region" aria-label="Actions for the selection">
      <ActionIcon variant="subtle" color="gray" size={32} aria-label="Clear the selection" onClick={onClear}>
        <IconX size={16} stroke={1.5} />
      </ActionIcon>
      <strong role="status">{counted(issues.length, "issue")} selected</strong>
      <div className={classes.bulkActions}>
        {allOpen ? (
          <Button size="compact-md" h={32} leftSection={<IconCheck size={16} stroke={1.5} />} onClick={() => void triage.apply(issues, { status: "resolved" })}>
            Resolve
          </Button>
        ) : (
          <Button size="compact-md" h={32} leftSection={<IconArrowBackUp size={16} stroke={1.5} />} onClick={() => void triage.apply(issues, { status: "unresolved" })}>
            Reopen
          </Button>
        )}
        <Button size="compact-md" h={32} variant="default" leftSection={<IconArchive size={16} stroke={1.5} />} onClick={choose("archive")}>
          Archive…
        </Button>
        <Button size="compact-md" h={32} variant="default" leftSection={<IconUserPlus size={16} stroke={1.5} />} onClick={choose("assign")}>
          Assign…
        </Button>
        <Button size="compact-md" h={32} variant="default" leftSection={<PriorityMark priority="high" />} onClick={choose("priority")}>
          Priority…
        </Button>
      </div>
    </div>
  );
}
