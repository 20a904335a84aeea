import { type Health, healthWord } from "@/core/subscriptions";

import classes from "./subscriptions.module.css";

/** How a subscription does, as a dot and a word. */
export function HealthWord({ health }: { health: Health }) {
  return (
    <span className={classes.health} data-health={health}>
      <i aria-hidden />
      {healthWord(health)}
    </span>
  );
}
