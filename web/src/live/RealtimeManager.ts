import { backoffMs, type FeedEvent, type Greeting, type Liveness, type Position, readFeedEvent, readGreeting, readPosition, readViewer, readWhy } from "@/core/feed";

import { type Dial, dialSocket, dialStream, type Line } from "./lines";

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
  /** A connection is open. */
  readonly onHello?: () => void;
  /** What the gateway says of itself: with every connection, and now and then. */
  readonly onGreeting?: (greeting: Greeting) => void;
  /** As whom others see the reader; null when they cannot. */
  readonly onViewer?: (id: string | null) => void;
  /** The right to hear has ended. */
  readonly onRefused?: () => void;
  /** Whether the gateway answers other requests while the feed cannot be heard. */
  readonly answers?: () => boolean;
  /** Whether to listen on while nobody looks, as for notifications. */
  readonly staysHidden?: () => boolean;
  readonly dialSocket?: Dial;
  readonly dialStream?: Dial;
  readonly chance?: () => number;
}

/** After so many failures in a row the workbench says that it is not live; it keeps trying. */
const GIVES_UP_AFTER = 3;
/** A tab that nobody looks at lets its connection go after so long, and catches up when it is looked at again. */
const HIDDEN_MS = 60_000;
/** A line that said nothing for so long is asked whether it lives, and taken for dead when it does not say so. */
const QUIET_MS = 20_000;
const ANSWERS_MS = 10_000;
/** Every so many tries in a row it is the other way's turn: some networks let no WebSocket through. */
const TURN = 3;
/** Where a socket came through before, it was the gateway that was away: a stream stands in for it no longer than this. */
const STANDS_IN_MS = 5_000;

/**
 * Listens to the gateway's feed: comes back by itself, from where it was, and says how it stands.
 *
 * On a WebSocket, by which it also says which issue the reader looks at; where none comes through, by server-sent events.
 */
export class RealtimeManager {
  private line: Line | null = null;
  private position: Position | null = null;
  private failures = 0;
  private lastWay: Way = "socket";
  private knowsSockets = false;
  private looksAt: string | null = null;
  private catching = false;
  private retry: Timer;
  private hiding: Timer;
  private quiet: Timer;
  private standIn: Timer;
  private running = false;

  constructor(private readonly options: RealtimeOptions) {}

  /** Begin to listen. */
  start(): void {
    if (this.running) return;
    this.running = true;
    document.addEventListener("visibilitychange", this.onVisibility);
    window.addEventListener("online", this.reconnect);
    window.addEventListener("offline", this.onOffline);
    this.connect();
  }

  /** Stop for good. */
  stop(): void {
    this.running = false;
    document.removeEventListener("visibilitychange", this.onVisibility);
    window.removeEventListener("online", this.reconnect);
    window.removeEventListener("offline", this.onOffline);
    clearTimeout(this.hiding);
    this.close();
  }

  /** Let others see that the reader looks at an issue, or at none any more. */
  looks(issue: string | null): void {
    if (issue === this.looksAt) return;
    this.looksAt = issue;
    this.sayPresence();
  }

  /** Listen again, if it was let go because nobody looked. */
  wake(): void {
    if (this.running && this.line === null && document.visibilityState === "hidden" && navigator.onLine) this.reconnect();
  }

  private readonly onVisibility = (): void => {
    clearTimeout(this.hiding);
    if (document.visibilityState === "hidden") this.hiding = setTimeout(this.onHidden, HIDDEN_MS);
    else if (this.line === null) this.reconnect();
    else this.sayPresence();
  };

  private readonly onHidden = (): void => {
    // Who has turned to something else does not look at the issue any more.
    if (this.options.staysHidden?.() === true) this.line?.say?.({ op: "presence", issue: null });
    else this.close();
  };

  private readonly onOffline = (): void => {
    this.close();
    this.options.onState("offline");
  };

  private readonly reconnect = (): void => {
    this.failures = 0;
    this.close();
    this.connect();
  };

  private connect(): void {
    if (!this.running) return;
    this.options.onState(this.standing());
    // What came through last is tried first.
    const isTurned = this.failures % TURN === TURN - 1;
    const first = (this.lastWay === "socket") === isTurned ? "stream" : "socket";
    this.line = this.dial(first) ?? this.dial(first === "socket" ? "stream" : "socket");
    // A browser that knows neither will not learn it.
    if (this.line === null) this.options.onState("polling");
  }

  private dial(way: Way): Line | null {
    const dials = { socket: this.options.dialSocket ?? dialSocket, stream: this.options.dialStream ?? dialStream };
    const line = dials[way](this.query(), { onMessage: (kind, message) => this.heard(way, kind, message), onEnd: () => this.failed() });
    if (line !== null && way === "socket") this.watch();
    return line;
  }

  private heard(way: Way, kind: string, message: unknown): void {
    if (way === "socket") this.watch();
    switch (kind) {
      case "hello":
        this.greeted(way, message);
        break;
      case "event": {
        const told = readFeedEvent(message);
        if (told === null) break;
        this.position = told.position;
        this.options.onEvent(told.event, told.position);
        break;
      }
      case "gap":
        this.position = readPosition(message) ?? this.position;
        this.options.onGap(this.position, readWhy(message));
        break;
      case "ack": {
        this.position = readPosition(message) ?? this.position;
        const viewer = readViewer(message);
        if (viewer !== null) this.options.onViewer?.(viewer);
        break;
      }
      case "pong":
        this.options.onGreeting?.(readGreeting(message));
        // It comes after all that was missed.
        if (this.catching) this.isLive();
        break;
      case "bye":
        if ((message as { reason?: unknown } | null)?.reason === "refused") this.options.onRefused?.();
        this.failed();
    }
  }

  private greeted(way: Way, message: unknown): void {
    this.failures = 0;
    this.knowsSockets ||= way === "socket";
    this.lastWay = this.knowsSockets ? "socket" : way;
    if (this.lastWay !== way) this.standIn = setTimeout(this.reconnect, STANDS_IN_MS);
    this.catching = way === "socket" && this.position !== null;
    const now = readPosition(message);
    if (this.position === null && now !== null) {
      this.position = now;
      this.options.onBegin?.(now);
    }
    this.options.onGreeting?.(readGreeting(message));
    this.options.onHello?.();
    if (way === "stream") this.options.onViewer?.(null);
    if (this.catching) {
      this.options.onState("catching-up");
      this.line?.say?.({ op: "ping" });
    } else this.isLive();
    if (this.looksAt !== null) this.sayPresence();
  }

  private isLive(): void {
    this.catching = false;
    this.options.onState("live");
  }

  private sayPresence(): void {
    this.line?.say?.({ op: "presence", issue: document.visibilityState === "hidden" ? null : this.looksAt });
  }

  /** See to it that a line which says nothing is known to be dead: a network that went away says nothing either. */
  private watch(): void {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => {
      this.line?.say?.({ op: "ping" });
      this.quiet = setTimeout(() => this.failed(), ANSWERS_MS);
    }, QUIET_MS);
  }

  private failed(): void {
    this.close();
    if (!this.running) return;
    this.failures += 1;
    this.options.onState(this.standing());
    this.retry = setTimeout(() => this.connect(), backoffMs(this.failures - 1, (this.options.chance ?? Math.random)()));
  }

  /** How the workbench stands while the feed is not heard. */
  private standing(): Liveness {
    if (!navigator.onLine) return "offline";
    if (this.failures < GIVES_UP_AFTER) return this.position === null ? "connecting" : "catching-up";
    return (this.options.answers?.() ?? true) ? "polling" : "offline";
  }

  private close(): void {
    clearTimeout(this.retry);
    clearTimeout(this.quiet);
    clearTimeout(this.standIn);
    this.line?.close();
    this.line = null;
  }

  private query(): string {
    const query = new URLSearchParams({ channels: this.options.channels.join(",") });
    if (this.position !== null) query.set("since", `${this.position.epoch}:${this.position.offset}`);
    return query.toString();
  }
}

type Way = "socket" | "stream";
type Timer = ReturnType<typeof setTimeout> | undefined;
