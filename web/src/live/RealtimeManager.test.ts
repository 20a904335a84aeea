import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { FeedEvent, Liveness } from "@/core/feed";

import type { Dial, Hearing } from "./lines";
import { RealtimeManager, type RealtimeOptions } from "./RealtimeManager";

/** A connection that a test speaks through. */
interface Connection {
  readonly way: "socket" | "stream";
  readonly query: string;
  readonly hearing: Hearing;
  readonly said: object[];
  isClosed: boolean;
}

let lines: Connection[] = [];
const states: Liveness[] = [];
const events: FeedEvent[] = [];
let gaps = 0;

const dial =
  (way: Connection["way"]): Dial =>
  (query, hearing) => {
    const line: Connection = { way, query, hearing, said: [], isClosed: false };
    lines.push(line);
    return { close: () => (line.isClosed = true), say: way === "socket" ? (message) => line.said.push(message) : null };
  };

function started(options: Partial<RealtimeOptions> = {}): RealtimeManager {
  const manager = new RealtimeManager({
    channels: ["issues", "jobs"],
    onEvent: (event) => events.push(event),
    onGap: () => (gaps += 1),
    onState: (state) => states.push(state),
    dialSocket: dial("socket"),
    dialStream: dial("stream"),
    chance: () => 1,
    ...options,
  });
  running.push(manager);
  manager.start();
  return manager;
}
let running: RealtimeManager[] = [];

const last = (): Connection => {
  const line = lines.at(-1);
  if (line === undefined) throw new Error("nothing was dialled");
  return line;
};
const say = (kind: string, message: object = {}): void => last().hearing.onMessage(kind, { kind, ...message });
const hello = (): void => say("hello", { epoch: "e", offset: 3, webhooks_at: null });
const event = (offset: number) => ({ epoch: "e", offset, event: { type: "issue.resolved", issue: { id: "7" } } });

/** Let time pass on a line that lives. */
function stay(ms: number): void {
  for (let passed = 0; passed < ms; passed += 1_000) {
    vi.advanceTimersByTime(1_000);
    if (!last().isClosed) say("pong");
  }
}

let visibility: DocumentVisibilityState = "visible";
function look(state: DocumentVisibilityState): void {
  visibility = state;
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
  visibility = "visible";
  lines = [];
  running = [];
  states.length = events.length = gaps = 0;
});
afterEach(() => {
  running.forEach((manager) => manager.stop());
  vi.useRealTimers();
});

describe("the realtime manager", () => {
  it("says that it is live once the gateway has said hello, and tells events", () => {
    const manager = started();
    expect(states).toEqual(["connecting"]);
    hello();
    say("event", event(4));
    expect(states).toEqual(["connecting", "live"]);
    expect(events.map(({ type }) => type)).toEqual(["issue.resolved"]);
    manager.stop();
    expect(last().isClosed).toBe(true);
  });

  it("comes back from where it was, later each time, and is live again only once all that was missed is told", () => {
    started();
    hello();
    say("event", event(4));
    for (const wait of [500, 1000, 2000, 4000, 8000, 16_000]) {
      const before = lines.length;
      last().hearing.onEnd();
      vi.advanceTimersByTime(wait - 1);
      expect(lines.length).toBe(before);
      vi.advanceTimersByTime(1);
      expect(lines.length).toBe(before + 1);
      expect(last().query).toContain("since=e%3A4");
    }
    expect(states).toContain("polling");
    expect(last().way).toBe("socket");
    hello();
    expect([states.at(-1), last().said]).toEqual(["catching-up", [{ op: "ping" }]]);
    say("event", event(5));
    say("pong");
    expect(states.at(-1)).toBe("live");
  });

  it("hears by server-sent events where no socket comes through, and tries those first the next time", () => {
    started();
    for (const way of ["socket", "socket", "stream"]) {
      expect(last().way).toBe(way);
      if (way === "stream") break;
      last().hearing.onEnd();
      vi.advanceTimersToNextTimer();
    }
    hello();
    expect(states.at(-1)).toBe("live");
    last().hearing.onEnd();
    vi.advanceTimersToNextTimer();
    expect(last().way).toBe("stream");
  });

  it("goes back to a socket soon where one came through before, since only that says who looks", () => {
    started();
    hello();
    for (const way of ["socket", "stream"]) {
      last().hearing.onEnd();
      vi.advanceTimersToNextTimer();
      expect(last().way).toBe(way);
    }
    hello();
    vi.advanceTimersByTime(5_000);
    expect(last().way).toBe("socket");
  });

  it("says offline, and not polling, while the gateway answers nothing at all", () => {
    let answers = false;
    started({ answers: () => answers });
    for (let failure = 0; failure < 3; failure += 1) {
      last().hearing.onEnd();
      vi.advanceTimersToNextTimer();
    }
    expect(states.at(-1)).toBe("offline");
    answers = true;
    last().hearing.onEnd();
    expect(states.at(-1)).toBe("polling");
  });

  it("goes on from a gap at the place that the gateway names", () => {
    started();
    hello();
    say("gap", { epoch: "f", offset: 0, why: "epoch" });
    expect(gaps).toBe(1);
    say("bye", { reason: "slow" });
    vi.advanceTimersByTime(500);
    expect(last().query).toContain("since=f%3A0");
  });

  it("finds out that a silent line is dead, as after a network went away without a word", () => {
    started();
    hello();
    vi.advanceTimersByTime(20_000);
    expect(last().said).toEqual([{ op: "ping" }]);
    say("pong", { webhooks_at: null });
    vi.advanceTimersByTime(20_000);
    expect(states.at(-1)).toBe("live");
    vi.advanceTimersByTime(10_000);
    expect([lines[0]?.isClosed, states.at(-1)]).toEqual([true, "catching-up"]);
  });

  it("says which issue the reader looks at, again after a break, and no longer once they have turned away", () => {
    const viewers: (string | null)[] = [];
    const manager = started({ onViewer: (id) => viewers.push(id), staysHidden: () => true });
    hello();
    manager.looks("7");
    manager.looks("7");
    say("ack", { op: "presence", epoch: "e", offset: 9, viewer: { id: "ada", name: "Ada" } });
    expect(viewers).toEqual(["ada"]);
    last().hearing.onEnd();
    vi.advanceTimersByTime(500);
    expect(last().query).toContain("since=e%3A9");
    hello();
    look("hidden");
    stay(60_000);
    look("visible");
    expect(last().said.filter((message) => "issue" in message)).toEqual(["7", null, "7"].map((issue) => ({ op: "presence", issue })));
  });

  it("lets its connection go while nobody looks, and catches up when somebody does", () => {
    started();
    hello();
    look("hidden");
    stay(59_000);
    expect(last().isClosed).toBe(false);
    stay(1_000);
    expect([last().isClosed, lines.length]).toEqual([true, 1]);
    look("visible");
    expect([lines.length, last().query]).toEqual([2, "channels=issues%2Cjobs&since=e%3A3"]);
  });

  it("tells when the right to hear has ended", () => {
    const refused = vi.fn();
    started({ onRefused: refused });
    say("bye", { reason: "refused", detail: "" });
    expect(refused).toHaveBeenCalledOnce();
  });

  it("is not put out by rubbish", () => {
    started();
    last().hearing.onMessage("event", null);
    say("event", { epoch: 1 });
    last().hearing.onMessage("bye", null);
    last().hearing.onMessage("", "noise");
    expect(events).toEqual([]);
  });

  it("polls in a browser that knows neither way, and does not try for ever", () => {
    started({ dialSocket: () => null, dialStream: () => null });
    expect(states).toEqual(["connecting", "polling"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
