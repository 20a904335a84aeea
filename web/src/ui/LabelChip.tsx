import { labelColor } from "@/core/labels";

import classes from "./labelChip.module.css";

interface Props {
  name: string;
  color: string;
  /** Take it off; without this the chip only tells. */
  onRemove?: (() => void) | undefined;
}

/** A label: its colour is a dot, its name is read. */
export function LabelChip({ name, color, onRemove }: Props) {
  return (
    <span className={classes.chip}>
      <LabelDot color={color} />
      <span className={classes.name}>{name}</span>
      {onRemove !== undefined && (
        <button type="button" aria-label={`Remove the label ${name}`} onClick={onRemove}>
          ×
        </button>
      )}
    </span>
  );
}

/** The colour of a label, beside its name. */
export function LabelDot({ color }: { color: string }) {
  return <i className={classes.dot} style={{ background: labelColor(color) }} aria-hidden />;
}
