import { useState } from "react";

import { VisibleText } from "@/ui/VisibleText";

import classes from "./issue.module.css";

const COLUMNS = 60;

interface Props {
  text: string;
  /** How many lines are shown at first. */
  lines?: number;
}

/** Text of any length: the beginning, and the rest when it is asked for. */
export function LongText({ text, lines = 8 }: Props) {
  const most = lines * COLUMNS;
  const [whole, setWhole] = useState(false);
  const parts = text.split("\n", lines + 1);
  if (text.length <= most && parts.length <= lines) return <VisibleText text={text} />;
  const beginning = parts.slice(0, lines).join("\n").slice(0, most);
  return (
    <>
      <VisibleText text={whole ? text : `${beginning}…`} />{" "}
      <button type="button" className={classes.textButton} aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {whole ? "Show less" : "Show all of it"}
      </button>
    </>
  );
}
