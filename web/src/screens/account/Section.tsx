import type { ReactNode } from "react";

import classes from "./account.module.css";

interface Props {
  title: string;
  about: ReactNode;
  children: ReactNode;
}

/** A part of the account with its name and what it is for. */
export function Section({ title, about, children }: Props) {
  return (
    <section className={classes.section} aria-label={title}>
      <h2>{title}</h2>
      <p>{about}</p>
      {children}
    </section>
  );
}
