/** The HTTP request during which the event happened, and the same request as a curl command. */

import { asList, asObject, asString, asText, isObject, pairsOf, pairsOfEither, showValue, type Pair } from "./json";
import { safeLink } from "./safeLink";
import { quoteForShell } from "./shellQuote";

export interface HttpRequest {
  readonly method: string;
  readonly url: string | null;
  readonly query: readonly Pair[];
  readonly headers: readonly Pair[];
  readonly cookies: readonly Pair[];
  readonly body: string | null;
  readonly environment: readonly Pair[];
  /** Null when there is no http(s) address to send to. */
  readonly curl: string | null;
}

/** Give the request of an entry, or null when there is nothing in it worth showing. */
export function readRequest(data: unknown): HttpRequest | null {
  const raw = asObject(data);
  const url = asText(raw["url"]);
  const request = {
    method: methodOf(raw["method"], raw["data"]),
    url,
    query: queryOf(raw["query"]),
    headers: pairsOfEither(raw["headers"]),
    cookies: pairsOfEither(raw["cookies"]),
    body: bodyOf(raw["data"], asText(raw["inferredContentType"])),
    environment: pairsOf(raw["env"]),
  };
  const says = request.url !== null || request.headers.length > 0 || request.body !== null;
  return says ? { ...request, curl: curlFor(request) } : null;
}

function methodOf(method: unknown, body: unknown): string {
  const named = asText(method);
  if (named !== null && /^[A-Za-z]{1,20}$/.test(named)) return named.toUpperCase();
  return body === null || body === undefined || body === "" ? "GET" : "POST";
}

function queryOf(query: unknown): readonly Pair[] {
  const text = asString(query);
  if (text === null) return pairsOfEither(query);
  return [...new URLSearchParams(text)].map(([name, value]) => ({ name, text: value }));
}

function bodyOf(data: unknown, contentType: string | null): string | null {
  if (data === null || data === undefined || data === "") return null;
  if (typeof data === "string") return data;
  if (isObject(data) && Object.keys(data).length === 0) return null;
  if (asList(data).length === 0 && Array.isArray(data)) return null;
  if (isObject(data) && contentType?.startsWith("application/x-www-form-urlencoded") === true) {
    const fields = Object.entries(data).map(([name, value]) => [name, fieldText(value)]);
    return new URLSearchParams(fields).toString();
  }
  return showValue(data);
}

function fieldText(value: unknown): string {
  const only = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
  return showValue(only);
}

/**
 * Give a curl command that repeats the request when pasted into a shell, and does nothing else.
 *
 * Everything in it comes from an event and is hostile. Only http(s) addresses are sent to; names of headers must be
 * RFC 9110 tokens, so that none starts with `@`, which would make curl read a local file; bodies go through
 * `--data-raw`, which reads no files; `--globoff` keeps brackets in the address from multiplying requests.
 */
export function curlFor(request: Omit<HttpRequest, "curl" | "environment">): string | null {
  const address = addressOf(request);
  if (address === null) return null;
  const parts = ["curl --globoff"];
  if (request.method === "HEAD") parts.push("--head");
  else if (request.method !== (request.body === null ? "GET" : "POST")) parts.push(`-X ${request.method}`);
  parts.push(quoteForShell(address));
  for (const header of request.headers) {
    const line = headerLine(header);
    if (line !== null) parts.push(`-H ${quoteForShell(line)}`);
  }
  const cookies = request.cookies.map((pair) => `${pair.name}=${pair.text}`).join("; ");
  const hasOwn = request.headers.some((header) => header.name.toLowerCase() === "cookie");
  if (cookies !== "" && !hasOwn) parts.push(`-H ${quoteForShell(`Cookie: ${oneLine(cookies)}`)}`);
  if (request.body !== null) parts.push(`--data-raw ${quoteForShell(request.body)}`);
  return parts.join(" \\\n  ");
}

function addressOf(request: Pick<HttpRequest, "url" | "query">): string | null {
  const link = safeLink(request.url);
  if (link === null) return null;
  const address = new URL(link);
  if (address.search === "") {
    address.search = new URLSearchParams(request.query.map((pair) => [pair.name, pair.text])).toString();
  }
  address.hash = "";
  return address.href;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** curl makes these itself from the address and the body; a stale copy would break the request. */
const MADE_BY_CURL = new Set(["content-length", "host", "connection", "transfer-encoding"]);

function headerLine(header: Pair): string | null {
  if (!TOKEN.test(header.name) || MADE_BY_CURL.has(header.name.toLowerCase())) return null;
  const value = oneLine(header.text);
  // `Name;` is curl's way of sending a header without a value; `Name:` would remove it.
  return value === "" ? `${header.name};` : `${header.name}: ${value}`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, " ").trim();
}
