import type { ReactNode } from "react";

import { exactCount } from "@/core/format";
import { durationWords } from "@/core/gatewayFigures";
import type { AnsweredOperation, AskedOperation } from "@/core/gatewayModel";

import classes from "./gateway.module.css";
import { Nothing, Panel } from "./Panel";
import { Template } from "./Template";

interface Timed {
  readonly key: string;
  readonly method: string;
  readonly template: string;
  readonly count: number;
  readonly failed: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly max_ms: number;
}

/** What Dexter's own callers waited for, slowest first. */
export function SlowestAnswers({ operations }: { operations: readonly AnsweredOperation[] }) {
  const rows = operations.map((one) => ({ ...one, key: `${one.method} ${one.endpoint}`, template: one.endpoint, count: one.requests, failed: one.errors }));
  return (
    <Slowest title="Slowest answers" counts="Requests" failures="Errors" rows={rows}>
      The addresses that took longest appear here with the first request.
    </Slowest>
  );
}

/** What Dexter waited for at Sentry, slowest first. */
export function SlowestCalls({ upstream }: { upstream: readonly AskedOperation[] }) {
  const rows = upstream.map((one) => {
    const [method = "", template = ""] = one.operation.split(/ (.*)/s);
    return { ...one, key: one.operation, method, template, count: one.calls, failed: one.failures };
  });
  return (
    <Slowest title="Slowest calls to Sentry" counts="Calls" failures="Failed" rows={rows}>
      Sentry has not been called in the last hour.
    </Slowest>
  );
}

const SHOWN = 8;

function Slowest({ title, counts, failures, rows, children }: { title: string; counts: string; failures: string; rows: readonly Timed[]; children: ReactNode }) {
  return (
    <Panel title={title} note="last hour">
      {rows.length === 0 ? (
        <Nothing>{children}</Nothing>
      ) : (
        <table className={classes.table} data-dense>
          <caption className="dx-unseen">{title}, by their 95th percentile</caption>
          <thead>
            <tr>
              <th scope="col">Address</th>
              <th scope="col" data-number>
                {counts}
              </th>
              <th scope="col" data-number data-wide>
                {failures}
              </th>
              <th scope="col" data-number data-wide>
                Median
              </th>
              <th scope="col" data-number>
                95th
              </th>
              <th scope="col" data-number data-wide>
                Longest
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN).map((row) => (
              <tr key={row.key}>
                <th scope="row">
                  <Template method={row.method} template={row.template} />
                </th>
                <td data-number>{exactCount(row.count)}</td>
                <td data-number data-wide data-bad={row.failed > 0 || undefined}>
                  {exactCount(row.failed)}
                </td>
                <td data-number data-wide>
                  {durationWords(row.p50_ms)}
                </td>
                <td data-number>{durationWords(row.p95_ms)}</td>
                <td data-number data-wide>
                  {durationWords(row.max_ms)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
