import { LEFT_ALONE } from "@/core/leftAlone";
import { sentences } from "@/core/sentences";

/** What failed, whose move it is, and whether trying again can help. Every failure of the gateway reaches the screens as this. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly remedy: string;
  readonly requestId: string | null;
  readonly retryable: boolean;
  /** When it failed, in epoch milliseconds. */
  readonly at = Date.now();
  /** From when on another try makes sense, in epoch milliseconds, where the gateway says so. */
  readonly retryAt: number | null;

  constructor(fields: { status: number; message: string; remedy: string; requestId?: string | null; retryable?: boolean; retryAfterS?: number | null }) {
    super(fields.message);
    this.status = fields.status;
    this.remedy = fields.remedy;
    this.requestId = fields.requestId ?? null;
    this.retryable = fields.retryable ?? isRetryable(fields.status);
    const waitS = fields.retryAfterS ?? null;
    this.retryAt = waitS === null ? null : this.at + waitS * 1000;
  }
}

function isRetryable(status: number): boolean {
  return status === 0 || status === 408 || status === 425 || status === 429 || status >= 500;
}

const text = (value: unknown): string | null => (typeof value === "string" && value.trim() !== "" ? value : null);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Give the error an unsuccessful answer stands for, whatever its body: problem+json, Sentry's `detail`, HTML or nothing. */
export function errorFromAnswer(status: number, body: unknown, headers: Headers): ApiError {
  const problem = isRecord(body) ? body : {};
  const told = isRecord(problem["breaker"]) ? LEFT_ALONE : null;
  const message = told?.message ?? text(problem["message"]) ?? text(problem["detail"]) ?? text(problem["title"]) ?? defaultMessage(status);
  return new ApiError({
    status,
    message,
    remedy: told?.remedy ?? text(problem["remedy"]) ?? defaultRemedy(status),
    requestId: text(problem["request_id"]) ?? headers.get("X-Request-ID"),
    retryAfterS: secondsOf(headers.get("Retry-After")),
  });
}

/** Give the seconds of a Retry-After; the gateway never says a date. */
function secondsOf(value: string | null): number | null {
  return value !== null && /^\d{1,6}$/.test(value.trim()) ? Number(value) : null;
}

/** Give the error for a request that got no answer at all. */
export function errorFromSilence(): ApiError {
  return new ApiError({
    status: 0,
    message: "Dexter's gateway does not answer",
    remedy: "Check that `dexter up` or `dexter serve` is still running, then try again.",
  });
}

/** Give any thrown value as an ApiError, so that screens show one kind of failure. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({
    status: -1,
    message: "The workbench made a mistake",
    remedy: "Reload the page. The mistake has been written to the gateway's log.",
    retryable: false,
  });
}

/** What fits a heading on a phone in two lines. */
const LONGEST_HEADING = 72;

/** Give an error as a heading and a text. A message too long for a heading stands in the text, beneath what its status means. */
export function toldBy(failure: ApiError): { heading: string; text: string } {
  const message = failure.message.trim();
  if (message.length <= LONGEST_HEADING) return { heading: message.replace(/\.$/, ""), text: failure.remedy };
  return { heading: defaultMessage(failure.status), text: sentences(message, failure.remedy) };
}

function defaultMessage(status: number): string {
  if (status === 401) return "You are not signed in";
  if (status === 403) return "This token may not do that";
  if (status === 404) return "This does not exist, or the token cannot see it";
  if (status === 429) return "Sentry asks to slow down";
  if (status === 502 || status === 503 || status === 504) return "Sentry is not answering";
  if (status >= 500) return "Sentry or the gateway could not answer";
  return `The request was refused (${status})`;
}

function defaultRemedy(status: number): string {
  if (status === 401) return "Sign in with the access token that Dexter printed at start.";
  if (status === 403) return "Ask an administrator for a token with the right scopes.";
  if (status === 404) return "Check the address, or go back to the stream.";
  if (status === 429) return "Wait a few seconds, then try again.";
  if (status >= 500) return "Try again in a moment. If it stays, look at the gateway's log.";
  return "Change the request and try again.";
}
