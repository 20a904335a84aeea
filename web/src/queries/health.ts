import { queryOptions } from "@tanstack/react-query";

const EVERY_MS = 20_000;

/** How the gateway is: good; degraded (it runs but is not ready, as when Sentry is away); down. */
export interface Health {
  readonly state: "good" | "degraded" | "down";
  readonly words: string;
}

async function askHealth(signal: AbortSignal): Promise<Health> {
  try {
    // Not through the API wrapper: "not ready" is an answer here, not a failure.
    const response = await fetch("/ready", { signal, credentials: "same-origin" });
    // An answer left unread would hold its connection.
    await response.body?.cancel();
    if (response.ok) return { state: "good", words: "The gateway is ready" };
    return { state: "degraded", words: "The gateway runs, but is not ready to reach Sentry" };
  } catch (cause) {
    if (signal.aborted) throw cause;
    return { state: "down", words: "The gateway does not answer" };
  }
}

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => askHealth(signal),
  refetchInterval: EVERY_MS,
  staleTime: EVERY_MS,
});
