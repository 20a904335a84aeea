import { searchKey } from "./searchKeys";

/**
 * What was understood of a search in Sentry's syntax.
 *
 * Sentry decides in the end; this reads along, so that a mistake is seen before it silently finds nothing.
 */
export interface SearchToken {
  readonly kind: "filter" | "text";
  readonly start: number;
  readonly end: number;
  /** The token as it was typed. */
  readonly raw: string;
  readonly negated: boolean;
  readonly key: string;
  readonly value: string;
  /** What is doubtful about it, in words, or null. */
  readonly doubt: string | null;
}

const KEY = /^(!?)([A-Za-z_][\w.-]*(?:\[[^\]\s]*\])?):(?!\/\/)/;

/** Give the tokens of a search: filters one by one, free words joined as Sentry reads them. */
export function readSearch(query: string): SearchToken[] {
  return pieces(query).map(({ raw, start, end }) => tokenOf(raw, start, end));
}

interface Piece {
  raw: string;
  start: number;
  end: number;
}

/** Split at spaces outside quotes and brackets; neighbouring free words stay one piece. */
function pieces(query: string): Piece[] {
  const words: Piece[] = [];
  let at = 0;
  while (at < query.length) {
    if (/\s/.test(query.charAt(at))) {
      at += 1;
      continue;
    }
    const end = wordEnd(query, at);
    const raw = query.slice(at, end);
    const before = words.at(-1);
    if (before !== undefined && !KEY.test(raw) && !KEY.test(before.raw) && !isOperator(raw) && !isOperator(before.raw)) {
      before.raw = query.slice(before.start, end);
      before.end = end;
    } else {
      words.push({ raw, start: at, end });
    }
    at = end;
  }
  return words;
}

function wordEnd(query: string, start: number): number {
  let quoted = false;
  let bracketed = false;
  for (let at = start; at < query.length; at += 1) {
    const letter = query.charAt(at);
    if (letter === "\\") at += 1;
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === "[") bracketed = true;
    else if (!quoted && letter === "]") bracketed = false;
    else if (!quoted && !bracketed && /\s/.test(letter)) return at;
  }
  return query.length;
}

const isOperator = (word: string): boolean => /^(AND|OR|[()]+)$/.test(word);

function tokenOf(raw: string, start: number, end: number): SearchToken {
  const match = KEY.exec(raw);
  if (match === null) return { kind: "text", start, end, raw, negated: false, key: "", value: unquoted(raw), doubt: textDoubt(raw) };
  const key = match[2] ?? "";
  const value = raw.slice(match[0].length);
  return { kind: "filter", start, end, raw, negated: match[1] === "!", key, value: unquoted(value), doubt: filterDoubt(key, value) };
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function textDoubt(raw: string): string | null {
  if (isOperator(raw)) return "The issue search knows no AND, OR or parentheses; it is taken as a word";
  return openQuote(raw);
}

function openQuote(raw: string): string | null {
  return (raw.match(/(?<!\\)"/g)?.length ?? 0) % 2 === 1 ? "A closing quote is missing" : null;
}

function filterDoubt(key: string, value: string): string | null {
  if (value === "") return `${key} needs a value`;
  const quote = openQuote(value);
  if (quote !== null) return quote;
  if (value.startsWith("[") && !value.endsWith("]")) return "A closing bracket is missing";
  const known = searchKey(key);
  if (known === undefined) return /^tags\[.+\]$/.test(key) ? null : `“${key}” is no field of Sentry; it is searched as a tag`;
  return valueDoubt(known.values, key, value);
}

function valueDoubt(allowed: readonly string[] | undefined, key: string, value: string): string | null {
  if (allowed === undefined) return null;
  const given = value.startsWith("[") ? value.slice(1, -1).split(",") : [value];
  const strange = given.map((item) => unquoted(item.trim())).find((item) => !item.includes("*") && !allowed.includes(item.toLowerCase()) && !allowed.includes(item));
  return strange === undefined ? null : key === "is" ? `“${strange}” is no state of an issue` : `“${strange}” is no value of ${key}`;
}

/** Give the search without one token. */
export function withoutToken(query: string, token: SearchToken): string {
  return `${query.slice(0, token.start).trimEnd()} ${query.slice(token.end).trimStart()}`.trim();
}

/** Give a value as it must be written in a search: quoted when it holds spaces or signs of the syntax. */
export function searchValue(value: string): string {
  return /[\s"()[\],]/.test(value) ? `"${value.replaceAll('"', '\\"')}"` : value;
}
