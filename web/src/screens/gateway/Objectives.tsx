import { IconCheck, IconMinus, IconX } from "@tabler/icons-react";

import { epochMs, exactTime } from "@/core/format";
import { measureWords } from "@/core/gatewayFigures";
import type { GatewayStats, Objective } from "@/core/gatewayModel";
import { budgetLeft, budgetWords, metWord, objectiveWord, targetWords } from "@/core/gatewayWords";

import classes from "./gateway.module.css";
import { Panel } from "./Panel";

/** What Dexter promises, what was measured, and how much may still go wrong. */
export function Objectives({ slo }: { slo: GatewayStats["slo"] }) {
  const since = epochMs(slo.since);
  return (
    <Panel title="Objectives" note={<span data-tip={since === null ? "" : `Counted since ${exactTime(since)}`}>{slo.window_days} days</span>}>
      <ul className={classes.objectives}>
        {slo.objectives.map((objective) => (
          <ObjectiveRow key={objective.name} objective={objective} />
        ))}
      </ul>
    </Panel>
  );
}

const STATES = { true: "good", false: "bad", null: "none" } as const;
const ICONS = { good: IconCheck, bad: IconX, none: IconMinus };

function ObjectiveRow({ objective }: { objective: Objective }) {
  const state = STATES[`${objective.met}`];
  const Icon = ICONS[state];
  const left = budgetLeft(objective);
  const budget = budgetWords(objective);
  return (
    <li>
      <div className={classes.objectiveWords} data-tip={objective.title}>
        <strong>{objectiveWord(objective.name)}</strong>
        <span className={classes.badge} data-state={state}>
          <Icon size={12} stroke={2} aria-hidden />
          {metWord(objective.met)}
        </span>
      </div>
      <div className={classes.objectiveValue}>
        <b>{measureWords(objective.measured, objective.unit)}</b> <span>{targetWords(objective)}</span>
      </div>
      {left !== null && (
        <div className={classes.bar} data-state={left < 0 ? "bad" : left < 0.25 ? "low" : undefined} aria-hidden>
          <i style={{ width: `${Math.max(left, 0) * 100}%` }} />
        </div>
      )}
      {budget !== null && <div className={classes.small}>{budget}</div>}
    </li>
  );
}
