/**
 * Narrowing of unknown JSON. What comes out of an event is whatever an SDK, an old server or an attacker put in,
 * so every reader in this folder goes through these and none of them throws.
 */

export type Json = Readonly<Record<string, unknown>>;

const EMPTY: Json = Object.freeze({});

/** Give the object, or an empty one when it is anything else. */
export function asObject(value: unknown): Json {
  return isObject(value) ? value : EMPTY;
}

/** Whether the value is a plain JSON object: not null, not a list. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Give the list, or an empty one when it is anything else. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Give a text that says something: a string with a visible character or a number, else null. */
export function asText(value: unknown): string | null {
  if (typeof value === "string") return value.trim() === "" ? null : value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return null;
}

/** Give the string as it is, spaces and emptiness kept; null when it is no string. */
export function asString(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Give a finite number, also from the decimal string that Sentry sends for counts; else null. */
export function asNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value.trim() === "") return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

/** Give true or false when the value is exactly that, else null. */
export function asFlag(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

/** Give a moment in epoch milliseconds, from an ISO date or from epoch seconds; else null. */
export function asMoment(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value * 1000 : null;
  if (typeof value !== "string" || value === "") return null;
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? null : parsed;
}

/** The most characters one shown value may have; more would freeze the page without helping anyone. */
export const LONGEST_VALUE = 20_000;

/** Give any JSON value as text a person can read: strings as they are, the rest indented. Never throws. */
export function showValue(value: unknown): string {
  return clipped(plainText(value), LONGEST_VALUE);
}

function plainText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  try {
    // Functions and symbols, which no JSON holds, stringify to undefined.
    const text: unknown = JSON.stringify(value, null, 2);
    return typeof text === "string" ? text : UNSHOWABLE;
  } catch {
    // Nested deeper than the engine's stack, circular, or a BigInt: none of it is JSON that Sentry sends.
    return UNSHOWABLE;
  }
}

const UNSHOWABLE = "[value that cannot be shown]";

/** Give the text, cut after `most` characters with a note of how many are missing. */
export function clipped(text: string, most: number): string {
  if (text.length <= most) return text;
  const missing = text.length - most;
  return `${text.slice(0, most)}… [${missing.toLocaleString("en")} more characters]`;
}

export interface Pair {
  readonly name: string;
  readonly text: string;
}

/** Give the members of an object as name and readable text, in their order; empty for anything else. */
export function pairsOf(value: unknown): readonly Pair[] {
  return Object.entries(asObject(value)).map(([name, member]) => ({ name, text: showValue(member) }));
}

/**
 * Give name and value pairs from any of the three forms that Sentry uses for headers, cookies and query:
 * a list of two-element lists, an object, or nothing.
 */
export function pairsOfEither(value: unknown): readonly Pair[] {
  if (!Array.isArray(value)) return pairsOf(value);
  return value.flatMap((item: unknown) => {
    if (!Array.isArray(item)) return [];
    const [name, text] = item as readonly unknown[];
    return typeof name === "string" ? [{ name, text: showValue(text ?? "") }] : [];
  });
}
