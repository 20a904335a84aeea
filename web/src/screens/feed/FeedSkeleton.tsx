import { Skeleton } from "@mantine/core";

import classes from "./feed.module.css";

/** Rows of their final height while the first page is read. */
export function FeedSkeleton() {
  return (
    <div className={classes.skeleton} role="status" aria-label="Loading the feed">
      {Array.from({ length: 12 }, (_, index) => (
        <div key={index}>
          <Skeleton height={12} width={110} />
          <Skeleton height={12} width={`${48 - ((index * 7) % 20)}%`} />
          <Skeleton height={12} width={70} ml="auto" />
        </div>
      ))}
    </div>
  );
}
