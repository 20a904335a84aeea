import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { FeedEvent, Liveness } from "@/core/feed";

import { RealtimeManager } from "./RealtimeManager";

/** A connection that a test speaks through. */
class Line extends EventTarget {
  closed = false;
  constructor(readonly address: string) {
    super();
    lines.push(this);
  }
  say(kind: string, data: unknown = {}): void {
    this.dispatchEvent(new MessageEvent(kind, { data: typeof data === "string" ? data : JSON.stringify(data) }));
  }
  close(): void {
    this.closed = true;
  }
}

let lines: Line[] = [];
const states: Liveness[] = [];
const events: FeedEvent[] = [];
const gaps: number[] = [];

function manager(): RealtimeManager {
  return new RealtimeManager({
    channels: ["issues", "jobs"],
    onEvent: (event) => events.push(event),
    onGap: () => gaps.push(1),
    onState: (state) => states.push(state),
    open: (address) => new Line(address) as unknown as EventSource,
    chance: () => 1,
  });
}

const event = (offset: number) => ({ epoch: "e", offset, event: { type: "issue.resolved", issue: { id: "7" } } });

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  states.length = events.length = gaps.length = 0;
});
afterEach(() => void vi.useRealTimers());

describe("the realtime manager", () => {
  it("says that it is live once the gateway has said hello, and tells events", () => {
    const running = manager();
    running.start();
    expect(states).toEqual(["connecting"]);
    lines[0]?.say("hello", { epoch: "e", offset: 3 });
    lines[0]?.say("event", event(4));
    expect(states).toEqual(["connecting", "live"]);
    expect(events.map(({ type }) => type)).toEqual(["issue.resolved"]);
    running.stop();
    expect(lines[0]?.closed).toBe(true);
  });

  it("comes back from where it was, later each time, and says when it gave up being live", () => {
    const running = manager();
    running.start();
    lines[0]?.say("hello", { epoch: "e", offset: 3 });
    lines[0]?.say("event", event(4));
    for (const wait of [500, 1000, 2000, 4000]) {
      const before = lines.length;
      lines.at(-1)?.say("error");
      vi.advanceTimersByTime(wait - 1);
      expect(lines.length).toBe(before);
      vi.advanceTimersByTime(1);
      expect(lines.length).toBe(before + 1);
      expect(lines.at(-1)?.address).toContain("since=e%3A4");
    }
    expect(states).toContain("polling");
    lines.at(-1)?.say("hello", { epoch: "e", offset: 9 });
    expect(states.at(-1)).toBe("live");
    running.stop();
  });

  it("goes on from a gap at the place that the gateway names", () => {
    const running = manager();
    running.start();
    lines[0]?.say("hello", { epoch: "e", offset: 3 });
    lines[0]?.say("gap", { epoch: "f", offset: 0, why: "epoch" });
    expect(gaps).toHaveLength(1);
    lines[0]?.say("bye", { reason: "slow" });
    vi.advanceTimersByTime(500);
    expect(lines[1]?.address).toContain("since=f%3A0");
    running.stop();
  });

  it("is not put out by rubbish", () => {
    const running = manager();
    running.start();
    lines[0]?.say("event", "half a mess");
    lines[0]?.say("event", { epoch: 1 });
    expect(events).toEqual([]);
    running.stop();
  });
});
