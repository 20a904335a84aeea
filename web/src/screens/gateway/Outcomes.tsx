import { exactCount } from "@/core/format";
import { shareWords } from "@/core/gatewayFigures";
import type { GatewayWindow, WindowName } from "@/core/gatewayModel";
import { OUTCOMES, windowWord } from "@/core/gatewayWords";

import classes from "./gateway.module.css";
import { Nothing, Panel } from "./Panel";

/** Where answers came from, as shares of one bar. */
export function Outcomes({ window, name }: { window: GatewayWindow; name: WindowName }) {
  const total = OUTCOMES.reduce((sum, outcome) => sum + window.outcomes[outcome.name], 0);
  return (
    <Panel title="Where answers came from" note={windowWord(name)}>
      {total === 0 ? (
        <Nothing>Nothing was read in this time.</Nothing>
      ) : (
        <div className={classes.shares} aria-hidden>
          {OUTCOMES.map((outcome) => (
            <i key={outcome.name} data-outcome={outcome.name} style={{ flexGrow: window.outcomes[outcome.name] }} />
          ))}
        </div>
      )}
      <ul className={classes.outcomes}>
        {OUTCOMES.map((outcome) => (
          <li key={outcome.name}>
            <i data-outcome={outcome.name} aria-hidden />
            <span>{outcome.label}</span>
            <b>{exactCount(window.outcomes[outcome.name])}</b>
            <span className={classes.share}>{total === 0 ? "–" : shareWords(window.outcomes[outcome.name] / total)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
