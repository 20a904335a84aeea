import { counted, exactCount } from "@/core/format";
import { durationWords } from "@/core/gatewayFigures";
import type { GatewayStats, Quota } from "@/core/gatewayModel";
import { bucketWords, leftOf, resetWords } from "@/core/gatewayWords";

import classes from "./gateway.module.css";
import { Nothing, Panel } from "./Panel";

interface Props {
  quota: readonly Quota[];
  queue: GatewayStats["queue"];
  nowMs: number;
}

/** How many calls Sentry still allows. */
export function Quotas({ quota, queue, nowMs }: Props) {
  return (
    <Panel title="Sentry's quotas">
      {quota.length === 0 ? (
        <Nothing>Sentry has named no limits. A Sentry of your own seldom has any; sentry.io names them with its first answer.</Nothing>
      ) : (
        <ul className={classes.quotas}>
          {quota.map((one) => (
            <QuotaRow key={one.bucket} quota={one} nowMs={nowMs} />
          ))}
        </ul>
      )}
      {queue.refused > 0 && (
        <p className={classes.small}>
          {counted(queue.refused, "call")} refused in the last hour, since the quota would not have sufficed in time.
        </p>
      )}
      {queue.waited > 0 && queue.p95_wait_ms !== null && queue.p95_wait_ms >= 10 && (
        <p className={classes.small}>95 of 100 calls waited at most {durationWords(queue.p95_wait_ms)} for their turn.</p>
      )}
    </Panel>
  );
}

function QuotaRow({ quota, nowMs }: { quota: Quota; nowMs: number }) {
  const left = leftOf(quota);
  const facts = [resetWords(quota, nowMs), quota.concurrent_limit === null ? null : `${exactCount(quota.concurrent_limit)} at once`].filter((fact) => fact !== null);
  return (
    <li>
      <div className={classes.quotaWords}>
        <strong>{bucketWords(quota.bucket)}</strong>
        <span>
          <b>{quota.remaining === null ? "–" : exactCount(quota.remaining)}</b>
          {quota.limit !== null && ` of ${exactCount(quota.limit)} left`}
        </span>
      </div>
      {left !== null && (
        <div className={classes.bar} data-state={left === 0 ? "bad" : left < 0.25 ? "low" : undefined} aria-hidden>
          <i style={{ width: `${left * 100}%` }} />
        </div>
      )}
      {facts.length > 0 && <div className={classes.small}>{facts.join(" · ")}</div>}
    </li>
  );
}
