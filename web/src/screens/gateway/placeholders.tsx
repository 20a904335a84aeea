import { Button } from "@mantine/core";
import { IconActivity } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";

import { EmptyState } from "@/ui/EmptyState";

import classes from "./gateway.module.css";

const range = (length: number) => Array.from({ length }, (_, index) => index);

/** The screen's geometry with nothing in it yet. */
export function GatewaySkeleton() {
  return (
    <div role="status" aria-label="Loading the figures" className={classes.skeletons}>
      <div className={classes.figures} aria-hidden>
        {range(8).map((index) => (
          <div key={index} className={classes.skeleton}>
            <i style={{ width: "60%", height: 10 }} />
            <i style={{ width: "40%", height: 18, margin: "9px 0" }} />
            <i style={{ width: "70%", height: 8 }} />
          </div>
        ))}
      </div>
      <div className={classes.charts} aria-hidden>
        {range(4).map((index) => (
          <div key={index} className={`${classes.chart} ${classes.skeleton}`}>
            <i style={{ width: "30%", height: 10, margin: "5px 0" }} />
            <i className={classes.plot} style={{ opacity: 0.5 }} />
            <i style={{ width: "70%", height: 8, margin: "4px 0" }} />
          </div>
        ))}
      </div>
      <div className={classes.pair} aria-hidden>
        {range(2).map((index) => (
          <div key={index} className={`${classes.panel} ${classes.skeleton}`} style={{ height: 240 }}>
            <i style={{ width: "30%", height: 10, margin: "7px 0" }} />
          </div>
        ))}
      </div>
    </div>
  );
}

/** What would be here, and how to make it come. */
export function NoTraffic() {
  return (
    <div className={classes.quiet}>
      <EmptyState
        icon={<IconActivity size={32} stroke={1.25} />}
        title="No traffic in the last hour"
        actions={
          <Button component={Link} to="/" variant="default">
            Open the issue stream
          </Button>
        }
      >
        Rates, latencies and hit ratios appear with the first request: open the issue stream, or give a script that asks Sentry this gateway&apos;s address instead.
      </EmptyState>
    </div>
  );
}
