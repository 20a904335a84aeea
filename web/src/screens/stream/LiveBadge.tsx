import { type Standing, useStanding } from "@/queries/live";
import { Ago } from "@/ui/Ago";

import classes from "./live.module.css";

const WORDS: Record<Standing, { readonly short: string; readonly long: string }> = {
  connecting: { short: "Connecting", long: "Connecting to the live feed" },
  live: { short: "Live", long: "What happens in Sentry appears here by itself" },
  "catching-up": { short: "Catching up", long: "The live feed broke off; reading what was missed" },
  "polling-gateway": { short: "Polling", long: "The live feed cannot be heard; the list is asked for every 30 seconds" },
  "polling-sentry": { short: "Polling", long: "Sentry sends no webhooks, so that Dexter asks it every few seconds what has happened" },
  offline: { short: "Offline", long: "The gateway cannot be reached; what is shown is from before" },
};

/** Says how what is shown is kept up: live, catching up, polling or offline, and since when it is not at all. */
export function LiveBadge() {
  const { standing, lostMs } = useStanding();
  const { short, long } = WORDS[standing];
  return (
    <span className={classes.badge} data-liveness={standing} data-tip={long}>
      <i aria-hidden />
      <span aria-hidden className={classes.word}>
        {short}
        {standing === "offline" && (
          <>
            {" "}
            <Ago iso={new Date(lostMs).toISOString()} bare />
          </>
        )}
      </span>
      <span className="dx-unseen" role="status">
        {standing === "live" ? "" : long}
      </span>
    </span>
  );
}
