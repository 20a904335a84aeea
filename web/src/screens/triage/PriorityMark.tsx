import type { Priority } from "@/core/model";

import classes from "./triage.module.css";

const FILLED: Record<Priority, number> = { low: 1, medium: 2, high: 3 };

/** Three bars, as many filled as the priority is high; its word is for the caller to say. */
export function PriorityMark({ priority }: { priority: Priority | null }) {
  const filled = priority === null ? 0 : FILLED[priority];
  return (
    <svg className={classes.priority} data-priority={priority ?? "none"} width={14} height={14} viewBox="0 0 14 14" aria-hidden>
      {[0, 1, 2].map((bar) => (
        <rect key={bar} x={1 + bar * 4.5} y={9 - bar * 4} width={3} height={4 + bar * 4} rx={1} data-on={bar < filled || undefined} />
      ))}
    </svg>
  );
}
