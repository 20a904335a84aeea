import type { Liveness } from "@/core/feed";
import { ago } from "@/core/format";
import { useLiveness } from "@/queries/live";
import { useNow } from "@/ui/useNow";

import classes from "./feed.module.css";

/** Says how old the feed is while it is not live. */
export function FeedNotice({ liveness, shown }: { liveness: Liveness; shown: boolean }) {
  const { since } = useLiveness();
  const now = useNow();
  if (!shown || liveness === "live" || liveness === "connecting") return null;
  const age = ago(since, now);
  const words = {
    "catching-up": "The live connection broke off. Reading what was missed",
    polling: `There is no live connection since ${age}. The feed is asked for every 30 seconds`,
    offline: `This browser is offline. This is the feed as of ${age}`,
  }[liveness];
  return (
    <p className={classes.notice} role="status">
      {words}.
    </p>
  );
}
