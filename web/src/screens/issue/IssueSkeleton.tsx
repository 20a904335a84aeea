import { Skeleton } from "@mantine/core";

import factsClasses from "./facts.module.css";
import headerClasses from "./header.module.css";
import classes from "./issue.module.css";
import sideClasses from "./side.module.css";

/** The issue page before its data, in its final geometry. */
export function IssueSkeleton() {
  return (
    <div className={classes.page} role="status" aria-label="Loading the issue">
      <div className={headerClasses.head}>
        <Skeleton height={20} width={240} />
        <Skeleton height={28} width="38%" mt={10} />
        <Skeleton height={20} width="62%" mt={6} />
        <Skeleton height={32} width={420} maw="100%" mt={14} />
      </div>
      <BodySkeleton />
    </div>
  );
}

/** Everything below the header before its data. */
export function BodySkeleton() {
  return (
    <>
      <div className={factsClasses.facts}>
        {["a", "b", "c", "d"].map((key) => (
          <div key={key} className={factsClasses.fact}>
            <Skeleton height={14} width={60} />
            <Skeleton height={24} width={80} mt={6} />
          </div>
        ))}
        <div className={factsClasses.frequency}>
          <Skeleton height={98} />
        </div>
      </div>
      <div className={classes.columns}>
        <div className={classes.main}>
          <EventSkeleton />
        </div>
        <div className={sideClasses.side}>
          <Skeleton height={20} width={80} />
          <Skeleton height={180} mt={12} />
        </div>
      </div>
    </>
  );
}

/** One event before its data. */
export function EventSkeleton() {
  return (
    <div aria-hidden>
      <Skeleton height={68} mb={24} />
      <Skeleton height={20} width={120} mb={12} />
      <Skeleton height={44} mb={12} />
      <Skeleton height={320} mb={24} />
      <Skeleton height={20} width={120} mb={12} />
      <Skeleton height={200} />
    </div>
  );
}
