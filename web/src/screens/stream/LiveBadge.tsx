import type { Liveness } from "@/core/feed";
import { useLiveness } from "@/queries/live";
import { Ago } from "@/ui/Ago";

import classes from "./live.module.css";

const WORDS: Record<Liveness, { readonly short: string; readonly long: string }> = {
  connecting: { short: "Connecting", long: "Connecting to the live feed" },
  live: { short: "Live", long: "What happens in Sentry appears here by itself" },
  "catching-up": { short: "Catching up", long: "The live feed broke off; reading what was missed" },
  polling: { short: "Polling", long: "No live feed; the list is asked for every 30 seconds" },
  offline: { short: "Offline", long: "This browser is offline; what is shown is from before" },
};

/** Says how what is shown is kept up: live, catching up, polling or offline, and since when it is not. */
export function LiveBadge() {
  const { liveness, since } = useLiveness();
  const { short, long } = WORDS[liveness];
  const isBehind = liveness === "polling" || liveness === "offline";
  return (
    <span className={classes.badge} data-liveness={liveness} data-tip={long}>
      <i aria-hidden />
      <span aria-hidden className={classes.word}>
        {short}
        {isBehind && (
          <>
            {" "}
            <Ago iso={new Date(since).toISOString()} bare />
          </>
        )}
      </span>
      <span className="dx-unseen" role="status">
        {liveness === "live" ? "" : long}
      </span>
    </span>
  );
}
