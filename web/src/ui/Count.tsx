import { compactCount, counted } from "@/core/format";

import classes from "./ui.module.css";

interface Props {
  value: number;
  noun: string;
}

/** A count short enough for a column: 12.4k on screen, "12,431 events" in the tooltip and for screen readers. */
export function Count({ value, noun }: Props) {
  const words = counted(value, noun);
  return (
    <span className={classes.count} data-tip={words}>
      <span aria-hidden>{compactCount(value)}</span>
      <span className="dx-unseen">{words}</span>
    </span>
  );
}
