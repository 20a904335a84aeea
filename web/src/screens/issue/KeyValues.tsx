import { useState } from "react";

import type { Pair } from "@/core/event/json";
import { safeLink } from "@/core/event/safeLink";
import { VisibleText } from "@/ui/VisibleText";

import dataClasses from "./data.module.css";
import classes from "./issue.module.css";
import { LongText } from "./LongText";

const SHORT = 8;

interface Props {
  rows: readonly Pair[];
  /** Values are code (variables, headers): monospace. */
  code?: boolean;
  /** Show everything at once. */
  whole?: boolean;
  /** There is room: names take a fixed width rather than a third. */
  wide?: boolean;
  /** Stand under the title above. */
  inset?: boolean;
}

/** Names and values of an event, the first few at once. */
export function KeyValues({ rows, code = false, whole = false, wide = false, inset = false }: Props) {
  const [open, setOpen] = useState(whole);
  const shown = open ? rows : rows.slice(0, SHORT);
  const hidden = rows.length - shown.length;
  return (
    <>
      <dl
        className={dataClasses.pairs}
        data-code={code || undefined}
        data-wide={wide || undefined}
        data-inset={inset || undefined}
      >
        {shown.map((row, index) => (
          <div key={index} className={dataClasses.pair}>
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
    <a className={dataClasses.outside} href={link} target="_blank" rel="noopener noreferrer nofollow">
      <VisibleText text={text} />
    </a>
  );
}
