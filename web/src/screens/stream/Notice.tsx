import { Button } from "@mantine/core";
import { IconCloudOff } from "@tabler/icons-react";

import { asApiError } from "@/api/error";
import { ago, epochMs } from "@/core/format";
import type { Meta } from "@/core/model";
import { useNow } from "@/ui/useNow";

import classes from "./stream.module.css";

interface Props {
  meta: Meta | null;
  failure: unknown;
  fetchedAtMs: number;
  onRetry: () => Promise<void>;
}

/** Says that the list is old and why, while it stays readable. */
export function StaleNotice({ meta, failure, fetchedAtMs, onRetry }: Props) {
  const now = useNow();
  const old = meta !== null && meta.source === "fallback";
  if (meta === null || (!old && failure === null)) return null;
  const asOf = ago(epochMs(meta.cached_at) ?? fetchedAtMs, now);
  const words = failure === null ? `Sentry is not answering. This is the list as of ${asOf}.` : `${asApiError(failure).message}. This is the list as of ${asOf}.`;
  return (
    <div className={classes.notice} role="status">
      <IconCloudOff size={16} stroke={1.5} aria-hidden />
      <span>{words}</span>
      <Button size="compact-sm" variant="default" onClick={() => void onRetry()}>
        Try again
      </Button>
    </div>
  );
}
