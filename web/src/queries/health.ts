import { type QueryClient, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { promiseWord } from "@/core/gatewayWords";

import { useLiveness } from "./live";

const EVERY_MS = 20_000;
/** How often while it is not well: whoever waits for it wants to know when it is back. */
const EVERY_MS_UNWELL = 5_000;

/** How the gateway is: good; degraded (it serves, but something is not as it should be); down. */
export interface Health {
  readonly state: "good" | "degraded" | "down";
  readonly words: string;
}

interface Ready {
  readonly degraded?: readonly { readonly part: string; readonly state: string }[];
  readonly suspended?: readonly string[];
}

/** Says what `/ready` tells: what is not as it should be, the most telling first. */
export function healthOf(told: Ready): Health {
  const parts = told.degraded ?? [];
  const suspended = told.suspended ?? [];
  if (parts.some(({ part }) => part === "upstream"))
    return { state: "degraded", words: "Sentry cannot be reached; Dexter shows what it has kept of it" };
  if (parts.length > 0)
    return { state: "degraded", words: `Sentry fails at some calls: ${parts.map(({ part }) => part).join(", ")}` };
  if (suspended.length > 0) return { state: "degraded", words: `Suspended: ${suspended.map(promiseWord).join("; ")}` };
  return { state: "good", words: "The gateway is ready" };
}

async function askHealth(signal: AbortSignal): Promise<Health> {
  try {
    // Not through the API wrapper: the probe is no part of /api/v1.
    const response = await fetch("/ready", { signal, credentials: "same-origin" });
    if (response.ok) return healthOf((await response.json()) as Ready);
    await response.body?.cancel();
    return { state: "degraded", words: "The gateway runs, but is not ready" };
  } catch (cause) {
    if (signal.aborted) throw cause;
    return { state: "down", words: "The gateway does not answer" };
  }
}

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => askHealth(signal),
  refetchInterval: ({ state }) => (state.data === undefined || state.data.state === "good" ? EVERY_MS : EVERY_MS_UNWELL),
  staleTime: EVERY_MS,
});

/** Ask how the gateway is without waiting for the next turn, since something just now tells of it. */
export function askHealthNow(queryClient: QueryClient): void {
  void queryClient.refetchQueries({ queryKey: healthQuery.queryKey, type: "active" }, { cancelRefetch: false });
}

/** Give how the gateway is; null until it is known. The live feed breaks at once when the gateway goes, so that it is asked then. */
export function useHealth(): Health | null {
  const queryClient = useQueryClient();
  const { liveness } = useLiveness();
  useEffect(() => {
    if (liveness !== "connecting") askHealthNow(queryClient);
  }, [liveness, queryClient]);
  return useQuery(healthQuery).data ?? null;
}
