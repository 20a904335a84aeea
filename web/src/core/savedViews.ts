import { addressOf, readAddress, type View, type ViewAddress, viewOf } from "./view";

/** A view that somebody keeps, for themselves or for all. */
export interface SavedView {
  readonly id: string;
  readonly name: string;
  readonly address: ViewAddress;
  readonly visibility: "private" | "shared";
  /** Whether it is the reader's own to change; unknown where the gateway does not say. */
  readonly mine: boolean;
  /** Whether the reader wants to be told of what comes up in it. */
  readonly notify: boolean;
}

/** Give the views of an answer; a mangled address shows the default view. */
export function readSavedViews(rows: readonly Readonly<Record<string, unknown>>[], me: string | null): SavedView[] {
  return rows.flatMap((row): SavedView[] => {
    const { id, name, address, visibility, owner_id: ownerId, mine, notify } = row;
    if (typeof id !== "string" || typeof name !== "string") return [];
    const own = typeof mine === "boolean" ? mine : typeof ownerId !== "string" || me === null || ownerId === me;
    return [{ id, name, address: readAddress(typeof address === "object" && address !== null ? (address as Record<string, unknown>) : {}), visibility: visibility === "shared" ? "shared" : "private", mine: own, notify: notify === true }];
  });
}

const shape = (view: View): string => JSON.stringify(addressOf(view));

/** Give the saved view that is on screen, or null. */
export const savedAs = (view: View, views: readonly SavedView[]): SavedView | null => views.find(({ address }) => shape(viewOf(address)) === shape(view)) ?? null;
