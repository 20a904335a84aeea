import { useState } from "react";

import { VisibleText } from "@/ui/VisibleText";

import classes from "./issue.module.css";

const LONG_CHARACTERS = 480;
const LONG_LINES = 8;

/** Text of any length: the beginning, and the rest when it is asked for. */
export function LongText({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const lines = text.split("\n", LONG_LINES + 1);
  if (text.length <= LONG_CHARACTERS && lines.length <= LONG_LINES) return <VisibleText text={text} />;
  const beginning = lines.slice(0, LONG_LINES).join("\n").slice(0, LONG_CHARACTERS);
  return (
    <>
      <VisibleText text={whole ? text : `${beginning}…`} />{" "}
      <button type="button" className={classes.textButton} aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {whole ? "Show less" : "Show all of it"}
      </button>
    </>
  );
}
