import { useSyncExternalStore } from "react";

const EVERY_MS = 15_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    listeners.forEach((tell) => tell());
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

function current(): number {
  // While nobody listens no timer runs, so the first reader sets the clock.
  if (timer === null) now = Date.now();
  return now;
}

/** Give the time in epoch milliseconds, one clock for all ages on screen, ticking every 15 s. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, current);
}
