import { type ReactNode, useId } from "react";

import classes from "./gateway.module.css";

interface Props {
  title: string;
  /** What the panel counts, where its title does not say it: "last hour". */
  note?: ReactNode;
  children: ReactNode;
}

/** A titled part of the screen. */
export function Panel({ title, note, children }: Props) {
  const id = useId();
  return (
    <section className={classes.panel} aria-labelledby={id}>
      <header className={classes.panelHead}>
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span>{note}</span>}
      </header>
      {children}
    </section>
  );
}

/** What would stand in a panel, said in its place. */
export function Nothing({ children }: { children: ReactNode }) {
  return <p className={classes.nothing}>{children}</p>;
}
