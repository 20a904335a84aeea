import { Button } from "@mantine/core";
import { IconCloudOff } from "@tabler/icons-react";

import { asApiError } from "@/api/error";
import { ago, epochMs } from "@/core/format";
import type { Meta } from "@/core/model";
import { sentences } from "@/core/sentences";
import { useNow } from "@/ui/useNow";

import classes from "./stream.module.css";

interface Props {
  meta: Meta | null;
  failure: unknown;
  fetchedAtMs: number;
  busy: boolean;
  onRetry: () => Promise<unknown>;
}

/** Says that the list is old and why, while it stays readable. */
export function StaleNotice({ meta, failure, fetchedAtMs, busy, onRetry }: Props) {
  const now = useNow();
  const old = meta !== null && meta.source === "fallback";
  if (meta === null || (!old && failure === null)) return null;
  const asOf = ago(epochMs(meta.cached_at) ?? fetchedAtMs, now);
  const words = sentences(failure === null ? "Sentry is not answering" : asApiError(failure).message, `This is the list as of ${asOf}`);
  return (
    <div className={classes.notice} role="status">
      <IconCloudOff size={16} stroke={1.5} aria-hidden />
      <span>{words}</span>
      <Button size="compact-sm" variant="default" loading={busy} onClick={() => void onRetry()}>
        Try again
      </Button>
    </div>
  );
}
