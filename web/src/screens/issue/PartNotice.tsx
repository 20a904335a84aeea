import { IconAlertTriangle, IconClockPause } from "@tabler/icons-react";
import { useState } from "react";

import { asApiError } from "@/api/error";
import type { Part } from "@/core/event/detail";
import { ago } from "@/core/format";
import { useNow } from "@/ui/useNow";

import classes from "./issue.module.css";

interface Props {
  /** What it is, to begin a sentence: "Tag distributions". */
  name: string;
  part: Part;
  onRetry: () => Promise<void>;
}

/** Says that a part of the page is missing or old, why, and offers to ask again. Nothing when all is well. */
export function PartNotice({ name, part, onRetry }: Props) {
  const now = useNow();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  if (part.status === "ok") return null;
  const retry = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await onRetry();
    } catch (error) {
      setFailure(asApiError(error).message);
    } finally {
      setBusy(false);
    }
  };
  const missing = part.status === "missing";
  return (
    <div className={classes.notice} role="status" data-missing={missing || undefined}>
      {missing ? <IconAlertTriangle size={14} aria-hidden /> : <IconClockPause size={14} aria-hidden />}
      <p>
        {missing ? `${name} could not be loaded.` : `${name} as of ${ago(part.cachedAt, now)}.`}
        {sentences(failure ?? part.reason, missing ? part.remedy : null)}{" "}
        <button type="button" className={classes.inlineButton} disabled={busy} onClick={() => void retry()}>
          {busy ? "Asking…" : "Try again"}
        </button>
      </p>
    </div>
  );
}

/** Reasons come from many hands, some with a full stop and some without. */
function sentences(...said: (string | null)[]): string {
  return said.flatMap((text) => (text === null ? [] : ` ${text.replace(/\.?\s*$/, ".")}`)).join("");
}
