import { Button } from "@mantine/core";

import { asApiError } from "@/api/error";
import { type FeedList, isFull, MOST_ROWS } from "@/core/feedList";
import { exactCount } from "@/core/format";

import classes from "./feed.module.css";

interface Props {
  list: FeedList;
  loading: boolean;
  error: unknown;
  onRetry: () => void;
  /** Begin a list of its own with what is older than all that is shown. */
  onFurther: () => void;
}

/** What is at the end of the rows: more, an error, or the end of the log. */
export function FeedEnd({ list, loading, error, onRetry, onFurther }: Props) {
  if (loading) return <div className={classes.end}>Reading older events</div>;
  if (error !== null) {
    const failure = asApiError(error);
    return (
      <div className={classes.end} role="alert">
        {failure.message}. {failure.remedy}
        <Button size="compact-sm" variant="default" onClick={onRetry}>
          Try again
        </Button>
      </div>
    );
  }
  if (list.older !== null && isFull(list)) {
    return (
      <div className={classes.end}>
        {exactCount(MOST_ROWS)} events are shown
        <Button size="compact-sm" variant="default" onClick={onFurther}>
          Show what was before
        </Button>
      </div>
    );
  }
  if (list.older !== null) return null;
  return <div className={classes.end}>{list.trimmed ? "What was before is gone: the log keeps 20,000 events, of at most seven days" : "That is all"}</div>;
}
