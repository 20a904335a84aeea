import { api } from "./client";
import { currentVisit } from "./tracing";

const MAX_STACK = 4000;

/** Tell the gateway's log that the workbench broke. Silent when even that fails: the screen already says so. */
export async function reportClientError(error: unknown, screen: string): Promise<void> {
  const { traceId, spanId } = currentVisit();
  const failure = error instanceof Error ? error : new Error(String(error));
  try {
    await api.post<null>("/api/v1/client-errors", {
      message: failure.message.slice(0, 500),
      stack: failure.stack?.slice(0, MAX_STACK),
      url: window.location.pathname,
      screen,
      trace_id: traceId,
      span_id: spanId,
    });
  } catch {
    // The gateway is away; there is nobody left to tell.
  }
}
