import { IconClockPause } from "@tabler/icons-react";

import { asApiError } from "@/api/error";
import { ago } from "@/core/format";
import { sentences } from "@/core/sentences";
import { useNow } from "@/ui/useNow";

import classes from "./issue.module.css";

interface Props {
  /** Why it could not be asked again; null when it is only old. */
  error: unknown;
  cachedAt: number | null;
  busy: boolean;
  onRetry: () => void;
}

/** Old content stays on screen while Sentry does not answer or is being asked; this says how old it is, and why. */
export function StaleNotice({ error, cachedAt, busy, onRetry }: Props) {
  const now = useNow();
  const failure = error === null ? null : asApiError(error);
  return (
    <div className={classes.notice} role="status">
      <IconClockPause size={14} aria-hidden />
      <p>
        {sentences(`As of ${ago(cachedAt, now)}`, failure?.message ?? null, failure?.remedy ?? null)}{" "}
        <button type="button" className={classes.inlineButton} disabled={busy} onClick={onRetry}>
          {busy ? "Asking…" : "Ask again"}
        </button>
      </p>
    </div>
  );
}
