/** Which issues of a list are chosen for an action, by id. */
export interface Selection {
  readonly ids: ReadonlySet<string>;
  /** Where a range starts: the issue last toggled on its own. */
  readonly anchor: string | null;
}

export const NOTHING_SELECTED: Selection = { ids: new Set(), anchor: null };

export function toggle(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: id };
}

/** Give the selection with everything between the anchor and `id` added, both included, in the order of the list. */
export function extendTo(selection: Selection, id: string, order: readonly string[]): Selection {
  const from = selection.anchor === null ? -1 : order.indexOf(selection.anchor);
  const to = order.indexOf(id);
  if (from === -1 || to === -1) return toggle(selection, id);
  const between = order.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ids: new Set([...selection.ids, ...between]), anchor: selection.anchor };
}

/** Give all of the loaded issues, or nothing when all of them are chosen already. */
export function toggleAll(selection: Selection, order: readonly string[]): Selection {
  const all = order.length > 0 && order.every((id) => selection.ids.has(id));
  return all ? NOTHING_SELECTED : { ids: new Set(order), anchor: null };
}

/** Give the selection without what has left the list: an action must never reach a row that is not shown. */
export function prune(selection: Selection, order: readonly string[]): Selection {
  const present = new Set(order);
  const ids = new Set([...selection.ids].filter((id) => present.has(id)));
  if (ids.size === selection.ids.size) return selection;
  const anchor = selection.anchor !== null && present.has(selection.anchor) ? selection.anchor : null;
  return { ids, anchor };
}

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
