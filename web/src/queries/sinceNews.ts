import type { Freshness } from "@/api/client";

/** For so long the gateway may give what is older than a change to those who did not make it. */
const BELIEVED_MS = 120_000;

const heardMs = new Map<string, number>();

/** Note that an issue has changed just now: what is kept of it is from before. */
export function hasNews(issueId: string): void {
  heardMs.set(issueId, Date.now());
}

/** Give how old an answer about an issue may be, so that it shows what was last heard of it. */
export function sinceNews(issueId: string): Freshness {
  const at = heardMs.get(issueId);
  if (at === undefined) return {};
  const passedMs = Date.now() - at;
  if (passedMs < BELIEVED_MS) return { maxAgeS: Math.max(1, Math.floor(passedMs / 1000)) };
  heardMs.delete(issueId);
  return {};
}
