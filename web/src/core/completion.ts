import { searchValue } from "./search";
import { SEARCH_KEYS, searchKey, type SearchKey } from "./searchKeys";

/** The open values the workbench has at hand. */
export interface KnownValues {
  readonly project: readonly string[];
  readonly environment: readonly string[];
  readonly member: readonly string[];
  readonly release: readonly string[];
}

export interface Suggestion {
  /** What is shown. */
  readonly label: string;
  readonly hint: string;
  /** What replaces the text from `from` to `to`. */
  readonly insert: string;
  readonly from: number;
  readonly to: number;
}

const MOST = 8;

/** Give what could stand at the caret: keys while a key is typed, values behind its colon. */
export function completionsAt(query: string, caret: number, known: KnownValues): Suggestion[] {
  const from = wordStart(query, caret);
  const to = wordStop(query, caret);
  const typed = query.slice(from, caret);
  const negation = typed.startsWith("!") ? "!" : "";
  const word = typed.slice(negation.length);
  const colon = word.indexOf(":");
  if (colon === -1) return keySuggestions(word, negation, from, to);
  const entry = searchKey(word.slice(0, colon));
  return entry === undefined ? [] : valueSuggestions(entry, word.slice(colon + 1), `${negation}${word.slice(0, colon)}:`, known, from, to);
}

function wordStart(query: string, caret: number): number {
  let start = 0;
  let quoted = false;
  for (let at = 0; at < caret; at += 1) {
    if (query.charAt(at) === '"') quoted = !quoted;
    else if (!quoted && /\s/.test(query.charAt(at))) start = at + 1;
  }
  return start;
}

function wordStop(query: string, caret: number): number {
  const rest = /^\S*/.exec(query.slice(caret));
  return caret + (rest?.[0].length ?? 0);
}

function keySuggestions(word: string, negation: string, from: number, to: number): Suggestion[] {
  return ranked(SEARCH_KEYS, word, (entry) => entry.key).map((entry) => ({
    label: `${negation}${entry.key}:`,
    hint: entry.asks,
    insert: `${negation}${entry.key}:`,
    from,
    to,
  }));
}

function valueSuggestions(entry: SearchKey, typed: string, before: string, known: KnownValues, from: number, to: number): Suggestion[] {
  const open = entry.source === undefined ? [] : known[entry.source];
  const all = [...(entry.values ?? []), ...(entry.examples ?? []), ...open];
  const wanted = typed.replace(/^"/, "");
  return ranked([...new Set(all)], wanted, (value) => value).map((value, index) => ({
    label: value,
    // Said once, on the first line: on every line it would only be noise.
    hint: index === 0 ? entry.asks : "",
    insert: `${before}${searchValue(value)} `,
    from,
    to,
  }));
}

/** Those that begin with the word first, then those that hold it. */
function ranked<T>(items: readonly T[], word: string, textOf: (item: T) => string): T[] {
  const wanted = word.toLowerCase();
  const starts = items.filter((item) => textOf(item).toLowerCase().startsWith(wanted));
  const holds = items.filter((item) => !starts.includes(item) && textOf(item).toLowerCase().includes(wanted));
  return [...starts, ...holds].slice(0, MOST);
}

/** Give the search and the caret after a suggestion was taken. */
export function complete(query: string, taken: Suggestion): { query: string; caret: number } {
  const rest = query.slice(taken.to);
  const insert = rest.startsWith(" ") ? taken.insert.trimEnd() : taken.insert;
  return { query: query.slice(0, taken.from) + insert + rest, caret: taken.from + insert.length };
}
