import { queryOptions, type QueryClient } from "@tanstack/react-query";

import { api } from "@/api/client";
import { spansAreCollected, takeSpans } from "@/api/tracing";
import type { GatewayStats } from "@/core/gatewayModel";

export const STATS_EVERY_MS = 5_000;
const ASK_AGAIN_MS = 5 * 60_000;

/**
 * How the gateway does. Asked again every five seconds while the screen is looked at.
 *
 * The answer carries an ETag and `no-cache`, so the browser asks with `If-None-Match` by itself.
 */
export const gatewayStatsQuery = queryOptions({
  queryKey: ["gateway", "stats"],
  queryFn: ({ signal }) => api.get<GatewayStats>("/api/v1/gateway/stats", undefined, signal),
  staleTime: STATS_EVERY_MS,
  refetchInterval: STATS_EVERY_MS,
  // The next round comes soon; a failure is to be seen at once.
  retry: false,
});

/** Tell the gateway of the spans that wait, if its figures say that somebody collects them. */
export async function sendSpans(queryClient: QueryClient): Promise<void> {
  try {
    const { tracing } = await queryClient.query({ ...gatewayStatsQuery, staleTime: ASK_AGAIN_MS });
    spansAreCollected(tracing);
    const spans = takeSpans();
    if (spans.length === 0) return;
    const { exported } = await api.postUntraced<{ exported: boolean }>("/api/v1/traces", { spans });
    spansAreCollected(exported);
  } catch {
    // Not signed in, not allowed to see the figures, or the gateway is away: spans are a help, never a trouble.
    spansAreCollected(false);
  }
}
