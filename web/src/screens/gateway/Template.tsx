import { Fragment } from "react";

import { templateWords } from "@/core/gatewayWords";

import classes from "./gateway.module.css";

/** A method and an address template, which breaks between its segments only. */
export function Template({ method, template }: { method?: string; template: string }) {
  const parts = templateWords(template).split(/(?<=\/)/);
  return (
    <span className={classes.template}>
      {method !== undefined && method !== "" && <span>{method} </span>}
      {parts.map((part, index) => (
        <Fragment key={index}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </span>
  );
}
