import type { Breaker } from "@/core/gatewayModel";
import { breakerWord, callsWord, lastFailureWords, lastingWords, probeWords } from "@/core/gatewayWords";

import classes from "./gateway.module.css";
import { Panel } from "./Panel";

const STATES = { closed: "good", half_open: "low", open: "bad" } as const;

/** Whether each kind of call reaches Sentry, and if not, when it is tried again. */
export function Breakers({ breakers, nowMs }: { breakers: readonly Breaker[]; nowMs: number }) {
  return (
    <Panel title="Circuit breakers">
      <table className={classes.table}>
        <caption className="dx-unseen">Whether each kind of call to Sentry goes through</caption>
        <thead>
          <tr>
            <th scope="col">Calls</th>
            <th scope="col">State</th>
            <th scope="col" data-wide>
              Last failure
            </th>
            <th scope="col" data-number data-wide>
              Next try
            </th>
          </tr>
        </thead>
        <tbody>
          {breakers.map((breaker) => (
            <BreakerRow key={breaker.name} breaker={breaker} nowMs={nowMs} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function BreakerRow({ breaker, nowMs }: { breaker: Breaker; nowMs: number }) {
  const probe = probeWords(breaker, nowMs);
  const failure = lastFailureWords(breaker.last_failure);
  return (
    <tr>
      <th scope="row">{callsWord(breaker.name)}</th>
      <td>
        <span className={classes.state} data-state={STATES[breaker.state]}>
          <i aria-hidden />
          {breakerWord(breaker.state)}
        </span>{" "}
        <span className={classes.muted}>{lastingWords(breaker.since, nowMs)}</span>
        <small className={classes.narrow}>
          {[failure, probe === null ? null : `next try ${probe}`].filter((part) => part !== null).join(", ")}
        </small>
      </td>
      <td className={classes.muted} data-wide>
        {failure ?? "–"}
      </td>
      <td data-number data-wide>
        {probe ?? "–"}
      </td>
    </tr>
  );
}
