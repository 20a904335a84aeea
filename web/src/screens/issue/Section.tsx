import type { ReactNode } from "react";

import classes from "./issue.module.css";

interface Props {
  id: string;
  title: string;
  /** A number behind the title: how many of it there are. */
  count?: number;
  controls?: ReactNode;
  children: ReactNode;
}

/** One titled part of the event, which the outline above can jump to. */
export function Section({ id, title, count, controls, children }: Props) {
  return (
    <section id={id} className={classes.section} aria-labelledby={`${id}-title`}>
      <div className={classes.sectionHead}>
        <h2 id={`${id}-title`} className={classes.sectionTitle}>
          {title}
          {count !== undefined && <span className={classes.count}>{count.toLocaleString("en")}</span>}
        </h2>
        {controls}
      </div>
      {children}
    </section>
  );
}
