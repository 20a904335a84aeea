import { IconUnlink } from "@tabler/icons-react";

import type { FeedRow, GapRow } from "@/core/feedList";
import { gapWords } from "@/core/feedWords";
import { epochMs } from "@/core/format";

import classes from "./feed.module.css";

const momentOf = (row: FeedRow | undefined): number | null => (row?.kind === "event" ? epochMs(row.event.at) : null);

/** Says that events are missing here, between which moments, and why. */
export function GapLine({ row, older, newer }: { row: GapRow; older: FeedRow | undefined; newer: FeedRow | undefined }) {
  return (
    <div className={classes.gap} data-line={row.id} tabIndex={-1}>
      <IconUnlink size={16} stroke={1.5} aria-hidden />
      <span>{gapWords(row, momentOf(older), momentOf(newer))}</span>
    </div>
  );
}
