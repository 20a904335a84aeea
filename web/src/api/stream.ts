/** How a stream of server-sent events stands: it may come back by itself, or is given up. */
export type StreamState = "open" | "broken" | "given-up";

interface Hearing {
  readonly event: string;
  readonly onData: (data: unknown) => void;
  readonly onState: (state: StreamState) => void;
}

const MOST_FAILURES = 3;

/** Listen to an address of server-sent events. Gives the way to stop. A browser or proxy without them is told as given up. */
export function listen(address: string, { event, onData, onState }: Hearing): () => void {
  if (typeof EventSource === "undefined") {
    onState("given-up");
    return () => undefined;
  }
  let failures = 0;
  const source = new EventSource(address);
  source.addEventListener("open", () => {
    failures = 0;
    onState("open");
  });
  source.addEventListener(event, (message: MessageEvent<string>) => {
    try {
      onData(JSON.parse(message.data));
    } catch {
      // Half a message, as from a proxy that cut it: the next one says everything again.
    }
  });
  source.addEventListener("error", () => {
    failures += 1;
    const over = source.readyState === EventSource.CLOSED || failures >= MOST_FAILURES;
    if (over) source.close();
    onState(over ? "given-up" : "broken");
  });
  return () => source.close();
}
