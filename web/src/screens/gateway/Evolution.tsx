import { ago, counted, epochMs } from "@/core/format";
import type { Deprecation, Drift } from "@/core/gatewayModel";
import { sunsetWords } from "@/core/gatewayWords";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./gateway.module.css";
import { Nothing, Panel } from "./Panel";
import { Template } from "./Template";

/** Replies of Sentry's that are not what the catalog says. */
export function Drifts({ drift, nowMs }: { drift: readonly Drift[]; nowMs: number }) {
  return (
    <Panel title="Drift" note="Sentry's replies against the catalog">
      {drift.length === 0 && <Nothing>Every reply has been as the catalog says.</Nothing>}
      <ul className={classes.facts}>
        {drift.map((one) => (
          <li key={`${one.operation} ${one.what}`}>
            <Template template={one.operation} />
            <span>
              <VisibleText text={one.what} />
            </span>
            <small>
              {counted(one.count, "reply", "replies")}, last {ago(epochMs(one.last_seen), nowMs)}
            </small>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Operations that Sentry has said it will switch off. */
export function Deprecations({ deprecations, nowMs }: { deprecations: readonly Deprecation[]; nowMs: number }) {
  return (
    <Panel title="Deprecations" note="What Sentry will switch off">
      {deprecations.length === 0 && <Nothing>Sentry has announced the end of nothing that was called.</Nothing>}
      <ul className={classes.facts}>
        {deprecations.map((one) => (
          <li key={one.operation}>
            <Template template={one.operation} />
            <span>{sunsetWords(one.sunset, nowMs)}</span>
            <small>
              {counted(one.count, "call")}, last {ago(epochMs(one.last_seen), nowMs)}
            </small>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
