import { IconShieldOff } from "@tabler/icons-react";

import { epochMs, exactTime } from "@/core/format";
import type { Suspended } from "@/core/gatewayModel";
import { lastedWords, promiseWord, remedyOf } from "@/core/gatewayWords";
import { sentences } from "@/core/sentences";

import classes from "./gateway.module.css";

/** What Dexter promises and cannot keep at the moment. It comes before everything else. */
export function Suspensions({ suspended, nowMs }: { suspended: readonly Suspended[]; nowMs: number }) {
  return (
    <div role="status" className={classes.suspensions}>
      {suspended.map((one) => (
        <section key={`${one.promise} ${one.why}`} className={classes.suspension} aria-label="Suspended promise">
          <IconShieldOff size={20} stroke={1.5} aria-hidden />
          <div>
            <strong>Suspended: {promiseWord(one.promise)}</strong>
            <p data-tip={`Since ${exactTime(epochMs(one.since))}`}>{sentences(one.why, lastedWords(one.since, nowMs), remedyOf(one))}</p>
          </div>
        </section>
      ))}
    </div>
  );
}
