import { useCallback, useSyncExternalStore } from "react";

import type { Issue } from "@/core/model";
import { isChosen, NOTHING_SELECTED, scopeOf, type Selection } from "@/core/selection";
import type { View } from "@/core/view";

/**
 * The selection of the stream. It stands outside the list, so that it outlasts another order, a refresh, a look into an issue
 * and the actions themselves; another search or tab is another list, and begins with nothing selected.
 */
interface Chosen {
  readonly scope: string;
  readonly selection: Selection;
}

const NOTHING: Chosen = { scope: "", selection: NOTHING_SELECTED };

let chosen = NOTHING;
let known: ReadonlyMap<string, Issue> = new Map();
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const current = (): Chosen => chosen;

export type SelectionChange = (change: (selection: Selection) => Selection) => void;

/** Give the selection of a view and the way to change it. */
export function useSelection(view: View): [Selection, SelectionChange] {
  const scope = scopeOf(view);
  const now = useSyncExternalStore(subscribe, current);
  const change = useCallback<SelectionChange>(
    (next) => {
      const before = chosen.scope === scope ? chosen.selection : NOTHING_SELECTED;
      chosen = { scope, selection: next(before) };
      listeners.forEach((tell) => tell());
    },
    [scope],
  );
  return [now.scope === scope ? now.selection : NOTHING_SELECTED, change];
}

/** Keep the chosen rows as they were last seen: after a refresh the list may no longer hold them. */
export function rememberChosen(selection: Selection, rows: readonly Issue[]): void {
  if (selection.kind === "all") return;
  known = new Map([...[...known].filter(([id]) => selection.ids.has(id)), ...rows.filter(({ id }) => isChosen(selection, id)).map((issue) => [issue.id, issue] as const)]);
}

/** Give the chosen issues, or null when some of them have not been seen on this page of the workbench. */
export function chosenIssues(selection: Selection, rows: readonly Issue[]): readonly Issue[] | null {
  if (selection.kind === "all") return null;
  const byId = new Map([...known, ...rows.map((issue) => [issue.id, issue] as const)]);
  const issues = [...selection.ids].flatMap((id) => byId.get(id) ?? []);
  return issues.length === selection.ids.size ? issues : null;
}

/** Forget the selection, as when somebody signs out. */
export function forgetSelection(): void {
  chosen = NOTHING;
  known = new Map();
  listeners.forEach((tell) => tell());
}
