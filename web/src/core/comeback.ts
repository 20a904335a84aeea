/** When what failed is worth another try without anybody asking for it. */

/** What a failure says of that. */
export interface Failed {
  readonly retryable: boolean;
  readonly at: number;
  readonly retryAt: number | null;
}

/** The wait where nobody says how long. */
const UNSAID_MS = 15_000;
/** The longest wait within which a try that nobody sees is made, while a skeleton stands on screen. */
const SILENT_MS = 2_000;
const SILENT_TRIES = 1;

/** Give the moment at which a failed screen asks again by itself; null when that cannot help. */
export function comebackAt({ retryable, at, retryAt }: Failed): number | null {
  return retryable ? (retryAt ?? at + UNSAID_MS) : null;
}

/** Give how long to wait for a try that nobody sees, or null to show the failure now: who has to wait longer is told so. */
export function silentRetryMs(failures: number, { retryable, retryAt }: Failed, nowMs: number): number | null {
  if (!retryable || failures >= SILENT_TRIES) return null;
  const wait = retryAt === null ? SILENT_MS / 2 : Math.max(0, retryAt - nowMs);
  return wait <= SILENT_MS ? wait : null;
}
