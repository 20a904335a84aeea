import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Found, Notice } from "@/core/notices";
import type { SavedView } from "@/core/savedViews";

import { Notifier } from "./Notifier";

const view: SavedView = { id: "v", name: "Checkout", address: {}, visibility: "private", mine: true, notify: true };
const found = (id: number): Found => ({ id: String(id), title: `Error ${id}`, project: "shop", kind: "created" });

let held = new Set<string>();
let isLookedAt = false;
let asked = 0;
let fails = false;
const shown: Notice[] = [];

function notifier(): Notifier {
  return new Notifier({
    views: () => [view],
    holds: () => {
      asked += 1;
      return fails ? Promise.reject(new Error("away")) : Promise.resolve(held);
    },
    isLookedAt: () => Promise.resolve(isLookedAt),
    addressOf: () => "/",
    show: (notice) => shown.push(notice),
  });
}

const titles = () => shown.map(({ title }) => title);

beforeEach(() => {
  vi.useFakeTimers();
  held = new Set();
  isLookedAt = fails = false;
  asked = shown.length = 0;
});
afterEach(() => void vi.useRealTimers());

describe("the notifier", () => {
  it("tells of an issue that its view holds, once", async () => {
    const telling = notifier();
    held = new Set(["1"]);
    telling.hear(found(1));
    await vi.advanceTimersByTimeAsync(1_000);
    telling.hear({ ...found(1), kind: "alert" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(titles()).toEqual(["Error 1"]);
  });

  // A wrong notification costs more trust than ten right ones earn.
  it("never tells of one that it does not hold, nor while that cannot be known", async () => {
    const telling = notifier();
    held = new Set(["2"]);
    telling.hear(found(1));
    await vi.advanceTimersByTimeAsync(120_000);
    fails = true;
    telling.hear(found(2));
    await vi.advanceTimersByTimeAsync(120_000);
    expect([titles(), asked]).toEqual([[], 8]);
  });

  it("asks again for one that Sentry's search finds late", async () => {
    const telling = notifier();
    telling.hear(found(1));
    await vi.advanceTimersByTimeAsync(1_000);
    held = new Set(["1"]);
    await vi.advanceTimersByTimeAsync(4_100);
    expect(titles()).toEqual(["Error 1"]);
  });

  it("tells a storm as a number, with one question a moment", async () => {
    const telling = notifier();
    held = new Set(Array.from({ length: 40 }, (_, id) => String(id)));
    for (let id = 0; id < 14; id += 1) telling.hear(found(id));
    await vi.advanceTimersByTimeAsync(1_000);
    for (let id = 14; id < 40; id += 1) {
      telling.hear(found(id));
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(titles()).toEqual(["14 new issues in ‘Checkout’", "26 new issues in ‘Checkout’"]);
    expect(asked).toBeLessThan(6);
  });

  it("is quiet while somebody looks at the view", async () => {
    const telling = notifier();
    held = new Set(["1", "2"]);
    isLookedAt = true;
    telling.hear(found(1));
    await vi.advanceTimersByTimeAsync(2_000);
    isLookedAt = false;
    telling.hear(found(2));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(titles()).toEqual(["Error 2"]);
  });

  it("tells of nothing once it is stopped", async () => {
    const telling = notifier();
    held = new Set(["1"]);
    telling.hear(found(1));
    telling.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([titles(), vi.getTimerCount()]).toEqual([[], 0]);
  });
});
