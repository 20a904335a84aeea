/** The part of a keyboard event that names a key. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Give a key press its name: "j", "?", "shift+x", "mod+k", "Escape". Ctrl and the Mac's Command are both "mod". */
export function keyOf(press: KeyPress): string {
  const letter = /^[a-zA-Z]$/.test(press.key);
  const key = letter ? press.key.toLowerCase() : press.key;
  // Signs such as "?" need Shift to be typed at all; only letters and named keys tell it apart.
  const shift = press.shiftKey && (letter || press.key.length > 1) ? "shift+" : "";
  const mod = press.ctrlKey || press.metaKey ? "mod+" : "";
  const alt = press.altKey ? "alt+" : "";
  return `${mod}${alt}${shift}${key}`;
}

/** A key that may be the first of two, as in "g i", and when it was pressed. */
export interface Prefix {
  readonly name: string;
  readonly atMs: number;
}

/** How long the second key of two may take. */
const SECOND_KEY_MS = 1200;

/** Give the names that a key may now mean, best first: "g i" while a "g" is remembered, else the key alone. */
export function meanings(name: string, prefix: Prefix | null, nowMs: number): string[] {
  return prefix === null || nowMs - prefix.atMs > SECOND_KEY_MS ? [name] : [`${prefix.name} ${name}`, name];
}

/** Say whether a key begins one of the names on offer, such as "g" begins "g i". */
export const beginsSome = (name: string, offered: readonly string[]): boolean => offered.some((one) => one.startsWith(`${name} `));

/** Say whether a key counts: while the reader types in a field, only those that ask for it do. */
export function keyWanted(typing: boolean, inFields: boolean): boolean {
  return !typing || inFields;
}

const SHOWN: Partial<Record<string, string>> = { Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Enter: "Enter" };

/** Give the caps to draw for a key name: ["Ctrl", "K"] or ["⌘", "K"], and ["g", "i"] for one key after another. */
export function keyCaps(name: string, onMac: boolean): string[] {
  if (name.includes(" ")) return name.split(" ").flatMap((one) => keyCaps(one, onMac));
  return name.split("+").map((part) => {
    if (part === "mod") return onMac ? "⌘" : "Ctrl";
    if (part === "shift") return "Shift";
    if (part === "alt") return onMac ? "⌥" : "Alt";
    return SHOWN[part] ?? (name.includes("+") ? part.toUpperCase() : part);
  });
}
