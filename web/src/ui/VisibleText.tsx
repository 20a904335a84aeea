import { segments } from "@/core/event/visibleText";

import classes from "./VisibleText.module.css";

/**
 * Text that somebody else wrote. It stands in a direction of its own, and characters that would be obeyed or
 * dropped (direction overrides, zero-width spaces, escapes) are shown by their code instead.
 */
export function VisibleText({ text }: { text: string }) {
  return (
    <bdi>
      {segments(text).map((segment, index) =>
        segment.kind === "text" ? (
          segment.text
        ) : (
          <span key={index} className={classes.control} title={`${segment.meaning} (${segment.code})`}>
            {segment.code}
          </span>
        ),
      )}
    </bdi>
  );
}
