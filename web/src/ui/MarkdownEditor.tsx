import { Button } from "@mantine/core";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";

import { type Mentionable, mentionAt, mentionChoices, withMention } from "@/core/comments";

import { Markdown } from "./Markdown";
import classes from "./editor.module.css";

interface Props {
  label: string;
  placeholder: string;
  /** What the button says. */
  send: string;
  initial?: string;
  /** Who can be mentioned with @; none where nobody is told. */
  known?: readonly Mentionable[];
  busy: boolean;
  onSend: (text: string) => void;
  onCancel?: (() => void) | undefined;
  /** Put the focus into it when it appears. */
  focused?: boolean;
  fieldId?: string;
}

const NOBODY: readonly Mentionable[] = [];

/** A field for Markdown with a look at the result, and mentions after @. Ctrl or Command with Enter sends it. */
export function MarkdownEditor({ label, placeholder, send, initial = "", known = NOBODY, busy, onSend, onCancel, focused = false, fieldId }: Props) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(initial);
  const [caret, setCaret] = useState(0);
  const [looking, setLooking] = useState(false);
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(false);
  const draft = looking || closed ? null : mentionAt(text, caret);
  const offered = draft === null ? [] : mentionChoices(draft, known);
  const active = Math.min(at, offered.length - 1);

  const wantedCaret = useRef<number | null>(focused ? initial.length : null);
  useLayoutEffect(() => {
    if (wantedCaret.current === null) return;
    field.current?.focus();
    field.current?.setSelectionRange(wantedCaret.current, wantedCaret.current);
    wantedCaret.current = null;
  });

  const take = (chosen: Mentionable) => {
    if (draft === null) return;
    const next = withMention(text, caret, draft, chosen);
    setText(next.text);
    setCaret(next.caret);
    wantedCaret.current = next.caret;
  };
  const ready = text.trim() !== "" && !busy;
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const chosen = offered[active];
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (ready) onSend(text.trim());
    } else if (chosen !== undefined && (event.key === "Enter" || event.key === "Tab")) take(chosen);
    else if (chosen !== undefined && event.key === "ArrowDown") setAt((active + 1) % offered.length);
    else if (chosen !== undefined && event.key === "ArrowUp") setAt((active - 1 + offered.length) % offered.length);
    else if (event.key === "Escape") {
      if (chosen !== undefined) setClosed(true);
      else if (onCancel !== undefined) onCancel();
      else field.current?.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <form
      className={classes.editor}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onSend(text.trim());
      }}
    >
      <div className={classes.tabs} role="tablist" aria-label={`${label}: write or preview`}>
        <button type="button" role="tab" id={`${id}-write`} aria-selected={!looking} aria-controls={`${id}-panel`} onClick={() => setLooking(false)}>
          Write
        </button>
        <button type="button" role="tab" id={`${id}-look`} aria-selected={looking} aria-controls={`${id}-panel`} onClick={() => setLooking(true)}>
          Preview
        </button>
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={looking ? `${id}-look` : `${id}-write`} className={classes.panel}>
        {looking ? (
          <div className={classes.look}>{text.trim() === "" ? <span className={classes.empty}>Nothing written yet</span> : <Markdown text={text} />}</div>
        ) : (
          <textarea
            ref={field}
            id={fieldId}
            className={classes.field}
            aria-label={label}
            aria-controls={offered.length > 0 ? `${id}-list` : undefined}
            aria-activedescendant={offered.length > 0 ? `${id}-${active}` : undefined}
            aria-autocomplete={known.length > 0 ? "list" : undefined}
            placeholder={placeholder}
            rows={3}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setCaret(event.currentTarget.selectionStart);
              setAt(0);
              setClosed(false);
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
            onKeyDown={onKeyDown}
          />
        )}
        {offered.length > 0 && (
          <div className={classes.mentions} id={`${id}-list`} role="listbox" aria-label="Whom to mention">
            {offered.map((one, index) => (
              <div key={one.word} id={`${id}-${index}`} role="option" aria-selected={index === active} onPointerDown={(event) => event.preventDefault()} onClick={() => take(one)}>
                {one.name} <small>{one.hint}</small>
              </div>
            ))}
          </div>
        )}
      </div>
      <div className={classes.foot}>
        <small>Markdown{known.length > 0 ? ", @ to mention" : ""}</small>
        {onCancel !== undefined && (
          <Button size="compact-sm" variant="default" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <Button size="compact-sm" type="submit" loading={busy} disabled={!ready}>
          {send}
        </Button>
      </div>
    </form>
  );
}
