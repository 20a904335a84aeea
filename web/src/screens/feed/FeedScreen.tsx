import { useEffect, useMemo } from "react";

import { type FeedAddress, feedViewOf } from "@/core/feedView";

import classes from "./feed.module.css";
import { LivePane } from "./LivePane";
import { ReplayPane } from "./ReplayPane";

/** What happens in Sentry and in Dexter: as it comes, or played anew from an earlier moment. */
export function FeedScreen({ address }: { address: FeedAddress }) {
  const shape = JSON.stringify(address);
  // One view as long as the address says the same, so that what hangs on it is not made anew.
  const view = useMemo(() => feedViewOf(JSON.parse(shape) as FeedAddress), [shape]);
  useEffect(() => {
    document.title = "Feed · Dexter";
  }, []);
  return (
    <div className={classes.page}>
      {address.replay === undefined ? <LivePane view={view} /> : <ReplayPane key={shape} view={view} from={address.replay} />}
    </div>
  );
}
