import { useState } from "react";

import type { Pair } from "@/core/event/json";
import { safeLink } from "@/core/event/safeLink";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./issue.module.css";
import { LongText } from "./LongText";

const SHORT = 8;

interface Props {
  rows: readonly Pair[];
  /** Values are code (variables, headers): monospace. */
  code?: boolean;
  /** Show everything at once. */
  whole?: boolean;
}

/** Names and values of an event, the first few at once. */
export function KeyValues({ rows, code = false, whole = false }: Props) {
  const [open, setOpen] = useState(whole);
  const shown = open ? rows : rows.slice(0, SHORT);
  const hidden = rows.length - shown.length;
  return (
    <>
      <dl className={classes.pairs} data-code={code || undefined}>
        {shown.map((row, index) => (
          <div key={index} className={classes.pair}>
            <dt>
              <VisibleText text={row.name} />
            </dt>
            <dd>
              <Value text={row.text} />
            </dd>
          </div>
        ))}
      </dl>
      {hidden > 0 && (
        <button type="button" className={classes.more} onClick={() => setOpen(true)}>
          Show {hidden} more
        </button>
      )}
    </>
  );
}

function Value({ text }: { text: string }) {
  const link = safeLink(text);
  if (link === null) return <LongText text={text === "" ? "(empty)" : text} />;
  return (
    <a className={classes.outside} href={link} target="_blank" rel="noopener noreferrer nofollow">
      <VisibleText text={text} />
    </a>
  );
}
