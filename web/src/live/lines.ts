/** What a connection to the feed tells; after its end nothing more comes. */
export interface Hearing {
  /** A message of the gateway: its kind, and all of it. */
  readonly onMessage: (kind: string, message: unknown) => void;
  readonly onEnd: () => void;
}

/** An open connection to the feed. */
export interface Line {
  readonly close: () => void;
  /** Say something to the gateway, where the connection has a way back. */
  readonly say: ((message: object) => void) | null;
}

/** Opens a connection with a query, or gives null where this browser cannot. */
export type Dial = (query: string, hearing: Hearing) => Line | null;

const KINDS = ["hello", "event", "gap", "bye"];

/** The feed on a WebSocket, with a way back. */
export const dialSocket: Dial = (query, { onMessage, onEnd }) => {
  if (typeof WebSocket === "undefined") return null;
  const socket = new WebSocket(`${window.location.origin.replace(/^http/, "ws")}/events?${query}`);
  socket.onmessage = ({ data }) => {
    const message = parsed(data);
    onMessage(kindOf(message), message);
  };
  // After an error comes a close, always.
  socket.onclose = onEnd;
  return {
    close: () => {
      socket.onmessage = socket.onclose = null;
      socket.close();
    },
    say: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
  };
};

/** The feed as server-sent events: for networks that let no WebSocket through. */
export const dialStream: Dial = (query, { onMessage, onEnd }) => {
  if (typeof EventSource === "undefined") return null;
  const source = new EventSource(`/events/stream?${query}`);
  for (const kind of KINDS) source.addEventListener(kind, ({ data }: MessageEvent<string>) => onMessage(kind, parsed(data)));
  // It would come back by itself, but all at once with all others, and without saying so.
  source.onerror = () => {
    source.close();
    onEnd();
  };
  return { close: () => source.close(), say: null };
};

function kindOf(message: unknown): string {
  const kind = typeof message === "object" && message !== null ? (message as Record<string, unknown>)["kind"] : null;
  return typeof kind === "string" ? kind : "";
}

function parsed(data: unknown): unknown {
  try {
    return JSON.parse(String(data)) as unknown;
  } catch {
    return null;
  }
}
