import { backoffMs, type FeedEvent, type Liveness, type Position, readFeedEvent, readPosition, readWhy } from "@/core/feed";

/** What a manager tells, and what it needs of its surroundings; tests give their own. */
export interface RealtimeOptions {
  readonly channels: readonly string[];
  /** Something happened, at a place in the log. */
  readonly onEvent: (event: FeedEvent, position: Position) => void;
  /** History is missing before a place: whatever is shown may be old. */
  readonly onGap: (position: Position | null, why: string) => void;
  /** The first connection stands: what happens after this place is told. */
  readonly onBegin?: (position: Position) => void;
  readonly onState: (state: Liveness) => void;
  readonly open?: (address: string) => EventSource;
  readonly chance?: () => number;
}

const ADDRESS = "/events/stream";
/** After so many failures in a row the workbench says that it polls instead; it keeps trying. */
const POLLS_AFTER = 3;
/** A tab that nobody looks at lets its connection go after so long, and catches up when it is looked at again. */
const HIDDEN_MS = 60_000;

/** Listens to the gateway's feed: comes back by itself, from where it was, and says how it stands. */
export class RealtimeManager {
  private source: EventSource | null = null;
  private position: Position | null = null;
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private running = false;

  constructor(private readonly options: RealtimeOptions) {}

  /** Begin to listen. */
  start(): void {
    if (this.running) return;
    this.running = true;
    document.addEventListener("visibilitychange", this.onVisibility);
    window.addEventListener("online", this.onOnline);
    window.addEventListener("offline", this.onOffline);
    this.connect();
  }

  /** Stop for good. */
  stop(): void {
    this.running = false;
    document.removeEventListener("visibilitychange", this.onVisibility);
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("offline", this.onOffline);
    clearTimeout(this.hiding);
    this.close();
  }

  private readonly onVisibility = (): void => {
    clearTimeout(this.hiding);
    if (document.visibilityState === "hidden") this.hiding = setTimeout(() => this.close(), HIDDEN_MS);
    else if (this.source === null) this.reconnect();
  };

  private readonly onOnline = (): void => this.reconnect();

  private readonly onOffline = (): void => {
    this.close();
    this.options.onState("offline");
  };

  private reconnect(): void {
    this.failures = 0;
    this.close();
    this.connect();
  }

  private connect(): void {
    if (!this.running || typeof EventSource === "undefined" && this.options.open === undefined) {
      if (this.running) this.options.onState("polling");
      return;
    }
    this.options.onState(this.position === null ? "connecting" : "catching-up");
    const source = (this.options.open ?? ((address) => new EventSource(address)))(this.address());
    this.source = source;
    source.addEventListener("hello", (message: MessageEvent<string>) => {
      this.failures = 0;
      const now = readPosition(parsed(message.data));
      if (this.position === null && now !== null) {
        this.position = now;
        this.options.onBegin?.(now);
      }
      this.options.onState("live");
    });
    source.addEventListener("event", (message: MessageEvent<string>) => {
      const told = readFeedEvent(parsed(message.data));
      if (told === null) return;
      this.position = told.position;
      this.options.onEvent(told.event, told.position);
    });
    source.addEventListener("gap", (message: MessageEvent<string>) => {
      const told = parsed(message.data);
      this.position = readPosition(told) ?? this.position;
      this.options.onGap(this.position, readWhy(told));
    });
    source.addEventListener("bye", () => this.failed());
    source.addEventListener("error", () => this.failed());
  }

  private failed(): void {
    this.close();
    if (!this.running) return;
    this.options.onState(navigator.onLine ? (this.failures >= POLLS_AFTER ? "polling" : "catching-up") : "offline");
    this.retry = setTimeout(() => this.connect(), backoffMs(this.failures, (this.options.chance ?? Math.random)()));
    this.failures += 1;
  }

  private close(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  private address(): string {
    const query = new URLSearchParams({ channels: this.options.channels.join(",") });
    if (this.position !== null) query.set("since", `${this.position.epoch}:${this.position.offset}`);
    return `${ADDRESS}?${query.toString()}`;
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return null;
  }
}
