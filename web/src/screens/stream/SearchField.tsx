import { IconSearch, IconX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";

import { complete, completionsAt, type KnownValues, type Suggestion } from "@/core/completion";
import { environmentsQuery, membersQuery, projectsQuery, releasesQuery } from "@/queries/organization";
import { recentSearchesQuery, rememberSearch } from "@/queries/views";
import { useCommands } from "@/ui/commands";
import { Keys } from "@/ui/Keys";

import classes from "./search.module.css";
import { useView } from "./useView";

/** The values that completion can offer; asked for once the field is used. */
function useKnownValues(enabled: boolean): KnownValues {
  const projects = useQuery({ ...projectsQuery, enabled });
  const environments = useQuery({ ...environmentsQuery, enabled });
  const members = useQuery({ ...membersQuery, enabled });
  const releases = useQuery({ ...releasesQuery(null), enabled });
  return {
    project: projects.data?.map(({ slug }) => slug) ?? [],
    environment: environments.data?.map(({ name }) => name) ?? [],
    member: members.data?.map(({ email }) => email) ?? [],
    release: releases.data?.map(({ version }) => version) ?? [],
  };
}

/** One field with Sentry's search syntax, completing keys and values. */
export function SearchField() {
  const { view, change } = useView();
  return <SearchDraft key={view.query} query={view.query} onSearch={(query) => change({ query })} />;
}

const RECENT = "searched before";

const recentSuggestion = (query: string): Suggestion => ({ label: query, hint: RECENT, insert: query, from: 0, to: 0 });

interface DraftProps {
  query: string;
  onSearch: (query: string) => void;
}

/** What is being typed. It starts anew whenever the view's query changes. */
function SearchDraft({ query, onSearch }: DraftProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(query === "" ? "" : `${query} `);
  const [caret, setCaret] = useState(draft.length);
  const [open, setOpen] = useState(false);
  const [used, setUsed] = useState(false);
  const [at, setAt] = useState(-1);
  const known = useKnownValues(used);
  const queryClient = useQueryClient();
  const recent = useQuery({ ...recentSearchesQuery, enabled: used }).data ?? [];
  // An empty field offers what was searched for before; the keys are one letter away.
  const suggestions = !open ? [] : draft.trim() === "" && recent.length > 0 ? recent.map(recentSuggestion) : completionsAt(draft, caret, known);

  useCommands([
    {
      id: "search.focus",
      label: "Search issues",
      section: "View",
      run: () => {
        field.current?.focus();
        field.current?.setSelectionRange(draft.length, draft.length);
      },
    },
  ]);

  // Right after the new text is in the field, so that the next key lands behind the suggestion.
  const wantedCaret = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (wantedCaret.current === null) return;
    field.current?.focus();
    field.current?.setSelectionRange(wantedCaret.current, wantedCaret.current);
    wantedCaret.current = null;
  });

  const search = (text: string) => {
    setOpen(false);
    rememberSearch(queryClient, text.trim());
    onSearch(text.trim());
  };
  const edit = (text: string, position: number) => {
    setDraft(text);
    setCaret(position);
    setAt(-1);
    setOpen(true);
  };
  const take = (suggestion: Suggestion) => {
    if (suggestion.hint === RECENT) {
      search(suggestion.insert);
      return;
    }
    const next = complete(draft, suggestion);
    edit(next.query, next.caret);
    wantedCaret.current = next.caret;
  };

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = suggestions[at];
    if (event.key === "ArrowDown" && suggestions.length > 0) setAt((at + 1) % suggestions.length);
    else if (event.key === "ArrowUp" && suggestions.length > 0) setAt(at <= 0 ? suggestions.length - 1 : at - 1);
    else if (event.key === "Tab" && !event.shiftKey && chosen !== undefined) take(chosen);
    else if (event.key === "Enter") {
      if (chosen === undefined) search(draft);
      else take(chosen);
    } else if (event.key === "Escape") {
      if (suggestions.length > 0) setOpen(false);
      else field.current?.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <form
      className={classes.search}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search(draft);
      }}
    >
      <IconSearch className={classes.glass} size={16} stroke={1.5} aria-hidden />
      <input
        ref={field}
        className={classes.field}
        role="combobox"
        aria-label="Search issues"
        aria-expanded={suggestions.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={at >= 0 && at < suggestions.length ? `${id}-${at}` : undefined}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        enterKeyHint="search"
        placeholder="Search: is:regressed level:fatal TypeError"
        value={draft}
        onChange={(event) => edit(event.currentTarget.value, event.currentTarget.selectionStart ?? event.currentTarget.value.length)}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? draft.length)}
        onFocus={() => {
          setUsed(true);
          setOpen(true);
        }}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      {draft.trim() === "" ? (
        <span className={classes.slash} aria-hidden>
          <Keys name="/" />
        </span>
      ) : (
        <button
          type="button"
          className={classes.clear}
          aria-label="Clear the search"
          onClick={() => {
            setDraft("");
            search("");
          }}
        >
          <IconX size={14} stroke={1.5} />
        </button>
      )}
      <div className={classes.list} id={`${id}-list`} role="listbox" aria-label="Completions" hidden={suggestions.length === 0}>
        {suggestions.map((suggestion, index) => (
          <div
            key={suggestion.insert}
            id={`${id}-${index}`}
            className={classes.option}
            role="option"
            aria-selected={index === at}
            // Keeps the focus in the field, so that typing goes on.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => take(suggestion)}
          >
            <code>{suggestion.label}</code>
            <span>{suggestion.hint}</span>
          </div>
        ))}
      </div>
    </form>
  );
}
