import type { BulkSelection } from "./bulk/job";
import type { View } from "./view";

/**
 * Which issues are chosen for an action: some by their ids, or all that match the list's query but for some.
 *
 * A value, and not a mark on rows: it stays what it is while pages come, the order changes or the list is asked for again.
 */
export type Selection =
  | { readonly kind: "some"; readonly ids: ReadonlySet<string>; readonly anchor: string | null }
  | { readonly kind: "all"; readonly except: ReadonlySet<string>; readonly anchor: string | null };

/** Everything that matches, as far as the reader has seen it or not. */
export const EVERY_MATCH: Selection = { kind: "all", except: new Set(), anchor: null };

/** Where a range starts is the `anchor`: the issue last toggled on its own. */
export const NOTHING_SELECTED: Selection = { kind: "some", ids: new Set(), anchor: null };

export const isChosen = (selection: Selection, id: string): boolean => (selection.kind === "some" ? selection.ids.has(id) : !selection.except.has(id));

/** Give how many are chosen; null when all are and nobody has counted them. */
export function sizeOf(selection: Selection, total: number | null): number | null {
  if (selection.kind === "some") return selection.ids.size;
  return total === null ? null : Math.max(0, total - selection.except.size);
}

export const isEmpty = (selection: Selection, total: number | null): boolean => sizeOf(selection, total) === 0;

export function toggle(selection: Selection, id: string): Selection {
  return { ...marked(selection, [id], !isChosen(selection, id)), anchor: id };
}

/** Give the selection with everything between the anchor and `id` made like the anchor, both included, in the order of the list. */
export function extendTo(selection: Selection, id: string, order: readonly string[]): Selection {
  const { anchor } = selection;
  const from = anchor === null ? -1 : order.indexOf(anchor);
  const to = order.indexOf(id);
  if (anchor === null || from === -1 || to === -1) return toggle(selection, id);
  return marked(selection, order.slice(Math.min(from, to), Math.max(from, to) + 1), isChosen(selection, anchor));
}

export const pageIsChosen = (selection: Selection, order: readonly string[]): boolean => order.length > 0 && order.every((id) => isChosen(selection, id));

/** Give the selection with all loaded issues added, or taken out when all of them are chosen already. What is not loaded stays as it is. */
export function togglePage(selection: Selection, order: readonly string[]): Selection {
  return { ...marked(selection, order, !pageIsChosen(selection, order)), anchor: null };
}

/** Give the selection without what no longer belongs to the list: an action must never reach an issue that has left it. */
export function without(selection: Selection, gone: ReadonlySet<string>): Selection {
  if (selection.kind === "all" || ![...selection.ids].some((id) => gone.has(id))) return selection;
  return { ...selection, ids: new Set([...selection.ids].filter((id) => !gone.has(id))) };
}

function marked(selection: Selection, ids: readonly string[], chosen: boolean): Selection {
  const held = new Set(selection.kind === "some" ? selection.ids : selection.except);
  const keep = selection.kind === "some" ? chosen : !chosen;
  for (const id of ids) {
    if (keep) held.add(id);
    else held.delete(id);
  }
  return selection.kind === "some" ? { ...selection, ids: held } : { ...selection, except: held };
}

/** Give the selection as the gateway takes it: ids, or the list's own query, which it resolves itself. */
export function bulkSelectionOf(selection: Selection, view: View): BulkSelection {
  if (selection.kind === "some") return { ids: [...selection.ids] };
  return {
    query: view.query.trim(),
    status: view.status,
    period: view.period,
    ...(view.environment.length === 0 ? {} : { environment: [...view.environment] }),
    ...(view.project.length === 0 ? {} : { project: [...view.project] }),
    ...(view.level.length === 0 ? {} : { level: [...view.level] }),
    ...(selection.except.size === 0 ? {} : { exclude: [...selection.except] }),
  };
}

/** Give what a view lists, whatever its order: two views with the same scope share a selection. */
export const scopeOf = (view: View): string => JSON.stringify({ ...view, sort: undefined });

/** Give the id `step` rows away from `active`, held at both ends; the first row when nothing was active. */
export function moveActive(active: string | null, step: number, order: readonly string[]): string | null {
  if (order.length === 0) return null;
  const at = active === null ? -1 : order.indexOf(active);
  if (at === -1) return order[0] ?? null;
  return order[Math.min(order.length - 1, Math.max(0, at + step))] ?? null;
}

/** Give what becomes active when `leaving` go: the next row that stays, else the one before, so that the reader keeps their place. */
export function activeAfter(active: string | null, leaving: ReadonlySet<string>, order: readonly string[]): string | null {
  if (active === null || !leaving.has(active)) return active;
  const at = order.indexOf(active);
  const after = order.slice(at + 1).find((id) => !leaving.has(id));
  return after ?? order.slice(0, Math.max(0, at)).findLast((id) => !leaving.has(id)) ?? null;
}
