import type { Sort } from "@/core/view";

import classes from "./row.module.css";
import { useView } from "./useView";

interface Props {
  all: boolean;
  some: boolean;
  onAll: () => void;
}

/** The names of the columns; those that Sentry can sort by are buttons. */
export function ListHead({ all, some, onAll }: Props) {
  return (
    <div className={classes.head}>
      <label className={classes.tick}>
        <input
          type="checkbox"
          aria-label="Select all that are loaded"
          checked={all}
          ref={(box) => {
            if (box !== null) box.indeterminate = some && !all;
          }}
          onChange={onAll}
        />
      </label>
      <span className={classes.headMain}>
        <span>Issue</span>
        <SortHead sort="new" className={classes.headNext}>
          First seen
        </SortHead>
      </span>
      <SortHead sort="trends" className={classes.spark}>
        Trend
      </SortHead>
      <SortHead sort="freq" className={classes.number}>
        Events
      </SortHead>
      <SortHead sort="user" className={classes.number}>
        Users
      </SortHead>
      <span className={classes.priority}>Priority</span>
      <span className={classes.assignee}>Owner</span>
      <SortHead sort="date" className={classes.last}>
        Last seen
      </SortHead>
    </div>
  );
}

function SortHead({ sort, className = "", children }: { sort: Sort; className?: string | undefined; children: string }) {
  const { view, change } = useView();
  const on = view.sort === sort;
  return (
    <button type="button" className={`${classes.sortHead} ${className}`} aria-pressed={on} aria-label={`Sort by ${children.toLowerCase()}`} onClick={() => change({ sort })}>
      {children}
      {on && <span aria-hidden> ↓</span>}
    </button>
  );
}
