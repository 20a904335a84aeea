import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";

import { asApiError } from "@/api/error";
import type { Part } from "@/core/event/detail";
import { ago } from "@/core/format";
import { sentences } from "@/core/sentences";
import { useNow } from "@/ui/useNow";

import classes from "./issue.module.css";

interface Props {
  /** What it is, to begin a sentence: "Tag distributions". */
  name: string;
  part: Part;
  onRetry: () => Promise<void>;
}

/** Says that a part of the page is missing and why, and offers to ask for it again. Nothing when it is there. */
export function PartNotice({ name, part, onRetry }: Props) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  if (part.status !== "missing") return null;
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
  return (
    <div className={classes.notice} role="status">
      <IconAlertTriangle size={14} aria-hidden />
      <p>
        {sentences(`${name} could not be loaded`, failure ?? part.reason, part.remedy)}{" "}
        <button type="button" className={classes.inlineButton} disabled={busy} onClick={() => void retry()}>
          {busy ? "Asking…" : "Try again"}
        </button>
      </p>
    </div>
  );
}

/** Says quietly, behind a title, that a part is older than the rest; the page asks for it again by itself. */
export function PartAge({ part }: { part: Part }) {
  const now = useNow();
  if (part.status !== "stale") return null;
  return <span className={classes.count}>as of {ago(part.cachedAt, now)}</span>;
}
