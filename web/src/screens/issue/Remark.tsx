import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";

import { asApiError } from "@/api/error";
import { sentences } from "@/core/sentences";
import { Ago } from "@/ui/Ago";
import { Face } from "@/ui/Face";
import { Markdown } from "@/ui/Markdown";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./issue.module.css";
import sideClasses from "./side.module.css";

interface Props {
  author: string;
  at: number | null;
  text: string;
  /** What it is called in its buttons: "comment" or "note". */
  noun: string;
  /** Words beside the time, such as "edited". */
  aside?: ReactNode;
  /** Further buttons. */
  more?: ReactNode;
  /** Whether somebody wrote it while the reader was here. */
  flashes?: boolean;
  mayChange: boolean;
  busy: boolean;
  error: unknown;
  edit: (done: () => void) => ReactNode;
  onDelete: () => void;
}

/** Something a person wrote: by whom, when, what, and what can be done with it. */
export function Remark({ author, at, text, noun, aside, more, flashes = false, mayChange, busy, error, edit, onDelete }: Props) {
  const [editing, setEditing] = useState(false);
  const [asked, setAsked] = useState(false);
  const failure = error === null ? null : asApiError(error);
  return (
    <article className={sideClasses.remark} data-flash={flashes || undefined} aria-label={`${noun} of ${author}`}>
      <header>
        <Face name={author} size={20} />
        <strong>
          <VisibleText text={author} />
        </strong>
        <span className={sideClasses.when}>
          {at !== null && <Ago iso={new Date(at).toISOString()} />}
          {aside}
        </span>
      </header>
      {editing ? edit(() => setEditing(false)) : <Markdown text={text} />}
      {!editing && (mayChange || more !== undefined) && (
        <footer>
          {more}
          {mayChange && (
            <button type="button" className={classes.textButton} onClick={() => setEditing(true)}>
              Edit
            </button>
          )}
          {!mayChange ? null : asked ? (
            <>
              <span className={sideClasses.quiet}>Delete this {noun}?</span>
              <Button size="compact-xs" color="red" loading={busy} onClick={onDelete}>
                Delete
              </Button>
              <button type="button" className={classes.textButton} onClick={() => setAsked(false)}>
                Keep
              </button>
            </>
          ) : (
            <button type="button" className={classes.textButton} onClick={() => setAsked(true)}>
              Delete
            </button>
          )}
        </footer>
      )}
      {failure !== null && (
        <p role="alert" className={sideClasses.refused}>
          {sentences(failure.message, failure.remedy)}
        </p>
      )}
    </article>
  );
}
