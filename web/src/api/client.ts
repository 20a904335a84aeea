import type { AddressOf } from "./contract";
import { ApiError, errorFromAnswer, errorFromSilence } from "./error";
import { noteAnswer } from "./reach";
import { beginRequest } from "./tracing";

export type QueryValue = string | number | boolean | null | undefined | readonly string[];
export type Query = Readonly<Record<string, QueryValue>>;

/** How old an answer may be. */
export interface Freshness {
  /** Ask past every cache on the way (Cache-Control: no-cache). */
  fresh?: boolean;
  /** Take an answer that is at most so many seconds old. */
  maxAgeS?: number;
  /** Take one that is so many seconds older, too; Sentry is then asked behind, for the next time. */
  maxStaleS?: number;
}

interface Ask extends Freshness {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** Leave this request out of the spans: what tells of spans must not make more of them. */
  untraced?: boolean;
}

const SAFE_METHODS = new Set(["GET", "HEAD"]);

let csrfToken: string | null = null;
let onSignedOut: (() => void) | null = null;

/** Remember the token that unsafe requests must show. It comes with the session and lives in memory only. */
export function rememberCsrfToken(session: { csrf_token: string | null } | null): void {
  csrfToken = session?.csrf_token ?? null;
}

/** Say what happens when the gateway answers 401: the router goes to the sign-in screen. */
export function whenSignedOut(listener: (() => void) | null): void {
  onSignedOut = listener;
}

/** Give an address with its query; repeated names for lists, absent ones left out. */
export function addressWith(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) continue;
    if (typeof value === "object") value.forEach((item) => search.append(name, item));
    else search.append(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  const text = await response.text();
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function send(method: string, path: string, ask: Ask): Promise<unknown> {
  const headers = new Headers({ Accept: "application/json" });
  if (ask.body !== undefined) headers.set("Content-Type", "application/json");
  if (!SAFE_METHODS.has(method) && csrfToken !== null) headers.set("X-CSRF-Token", csrfToken);
  if (ask.maxAgeS !== undefined) {
    const stale = ask.maxStaleS === undefined ? "" : `, max-stale=${ask.maxStaleS}`;
    headers.set("Cache-Control", `max-age=${ask.maxAgeS}${stale}`);
  }
  const span = ask.untraced === true ? null : beginRequest(method);
  if (span !== null) headers.set("traceparent", span.traceparent);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(addressWith(path, ask.query), {
      method,
      headers,
      credentials: "same-origin",
      cache: ask.fresh === true ? "no-cache" : "default",
      ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
      ...(ask.signal === undefined ? {} : { signal: ask.signal }),
    });
    body = await bodyOf(response);
  } catch (cause) {
    if (ask.signal?.aborted === true) throw cause;
    span?.end(true);
    throw errorFromSilence();
  }
  // What stands between may answer 502 for a gateway that is not there.
  if (response.status < 500) noteAnswer();
  span?.end(response.status >= 500);
  if (response.status === 401) onSignedOut?.();
  if (!response.ok) throw errorFromAnswer(response.status, body, response.headers);
  if (typeof body === "string") throw notJson(response);
  return body;
}

function notJson(response: Response): ApiError {
  return new ApiError({
    status: response.status,
    message: "The gateway answered with something that is not JSON",
    remedy: "Check that the address in front of the workbench is Dexter's, not a proxy's sign-in page.",
    requestId: response.headers.get("X-Request-ID"),
    retryable: false,
  });
}

/**
 * The one way to the gateway. Each call gives the parsed body or throws an ApiError.
 *
 * Addresses are checked against the gateway's own OpenAPI; the type argument names the part of the body that is read.
 */
export const api = {
  get: async <T>(path: AddressOf<"get">, query?: Query, signal?: AbortSignal, how: Freshness = {}): Promise<T> =>
    (await send("GET", path, { ...how, ...(query && { query }), ...(signal && { signal }) })) as T,
  put: async <T>(path: AddressOf<"put">, body: unknown): Promise<T> => (await send("PUT", path, { body })) as T,
  post: async <T>(path: AddressOf<"post">, body: unknown): Promise<T> => (await send("POST", path, { body })) as T,
  postUntraced: async <T>(path: AddressOf<"post">, body: unknown): Promise<T> => (await send("POST", path, { body, untraced: true })) as T,
  patch: async <T>(path: AddressOf<"patch">, body: unknown): Promise<T> => (await send("PATCH", path, { body })) as T,
  delete: async (path: AddressOf<"delete">): Promise<void> => {
    await send("DELETE", path, {});
  },
};
