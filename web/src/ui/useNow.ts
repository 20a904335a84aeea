import { useSyncExternalStore } from "react";

const EVERY_MS = 15_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === null) {
    // While nobody listened no timer ran; React asks for the time again once it has subscribed.
    now = Date.now();
    timer = setInterval(tick, EVERY_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

function tick(): void {
  now = Date.now();
  listeners.forEach((tell) => tell());
}

const current = (): number => now;

/** Give the time in epoch milliseconds, one clock for all ages on screen, ticking every 15 s. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, current);
}
