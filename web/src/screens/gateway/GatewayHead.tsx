import { Button } from "@mantine/core";
import { IconCloudOff, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";

import { asApiError } from "@/api/error";
import { ago, epochMs, exactTime, shortSpan } from "@/core/format";
import { bytesWords } from "@/core/gatewayFigures";
import { type GatewayStats, type WindowName, WINDOWS } from "@/core/gatewayModel";
import { listenersWords, windowWord, windowWords, workersWords } from "@/core/gatewayWords";
import { sentences } from "@/core/sentences";
import { useNow } from "@/ui/useNow";

import classes from "./gateway.module.css";

interface Props {
  stats: GatewayStats | null;
  fetchedAtMs: number;
  failing: boolean;
  paused: boolean;
  onPause: () => void;
  window: WindowName;
  onWindow: (name: WindowName) => void;
}

/** What runs, how old the figures are, and which span they cover. */
export function GatewayHead({ stats, fetchedAtMs, failing, paused, onPause, window, onWindow }: Props) {
  return (
    <header className={classes.pageHead}>
      <div className={classes.pageTitle}>
        <h1>Gateway</h1>
        <span>{stats === null ? " " : factsOf(stats)}</span>
      </div>
      <div className={classes.pageTools}>
        {stats !== null && <LiveBadge fetchedAtMs={fetchedAtMs} failing={failing} paused={paused} onPause={onPause} />}
        <div className={classes.windows} role="group" aria-label="Span of the figures">
          {WINDOWS.map((name) => (
            <button key={name} type="button" aria-pressed={name === window} aria-label={`Show ${windowWords(name)}`} onClick={() => onWindow(name)}>
              {windowWord(name)}
            </button>
          ))}
        </div>
      </div>
    </header>
  );
}

function factsOf({ now, started_at, version, workers, cache, listeners }: GatewayStats): string {
  const upS = ((epochMs(now) ?? 0) - (epochMs(started_at) ?? 0)) / 1000;
  const stored = `${bytesWords(cache.used_bytes)} stored in memory`;
  return [`Dexter ${version}`, `up ${shortSpan(upS)}`, workersWords(workers), stored, listenersWords(listeners)].join(" · ");
}

function LiveBadge({ fetchedAtMs, failing, paused, onPause }: Pick<Props, "fetchedAtMs" | "failing" | "paused" | "onPause">) {
  const now = useNow();
  const state = failing ? "failing" : paused ? "paused" : "live";
  const words = paused ? "Go on live" : "Pause the figures";
  return (
    <>
      <span className={classes.live} data-state={state} data-tip={`As of ${exactTime(fetchedAtMs)}`}>
        <i aria-hidden />
        {state === "live" ? "Live" : state === "paused" ? "Paused" : "Lost contact"}, as of {ago(fetchedAtMs, Math.max(now, fetchedAtMs))}
      </span>
      <button type="button" className={classes.pause} aria-label={words} data-tip={`${words} (l)`} onClick={onPause}>
        {paused ? <IconPlayerPlay size={16} stroke={1.5} /> : <IconPlayerPause size={16} stroke={1.5} />}
      </button>
    </>
  );
}

/** The figures are old because the gateway does not answer; they stay to be read. */
export function LostContact({ error, fetchedAtMs, onRetry }: { error: unknown; fetchedAtMs: number; onRetry: () => void }) {
  const now = useNow();
  const failure = asApiError(error);
  return (
    <div className={classes.notice} role="status">
      <IconCloudOff size={16} stroke={1.5} aria-hidden />
      <span>{sentences(failure.message, `These are the figures as of ${ago(fetchedAtMs, Math.max(now, fetchedAtMs))}`, failure.remedy)}</span>
      <Button size="compact-sm" variant="default" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}
