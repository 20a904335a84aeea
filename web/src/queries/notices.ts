import { useEffect, useSyncExternalStore } from "react";

import { addressWith, api } from "@/api/client";
import { newsOf, type Notice } from "@/core/notices";
import type { Issue, Page } from "@/core/model";
import type { SavedView } from "@/core/savedViews";
import { addressOf, viewOf } from "@/core/view";
import { Notifier } from "@/live/Notifier";

import { listQuery } from "./issues";
import { keepListening, whenTold } from "./live";
import { useSavedViews } from "./views";

const LOCK = "dexter-notices";
const CHANNEL = "dexter-looked-at";
/** How long the other tabs are given to say what they show. */
const ANSWER_MS = 200;
/** An issue that has just come up is among the latest of its view. */
const LATEST = 100;

/** Whether this browser lets Dexter notify its reader; null where it knows no notifications, as without HTTPS. */
export type Permission = NotificationPermission | null;

const watchers = new Set<() => void>();
const permission = (): Permission => (typeof Notification === "undefined" ? null : Notification.permission);

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export const usePermission = (): Permission => useSyncExternalStore(watch, permission);

/** Ask the reader whether they may be notified; only ever when they have just wished for it. */
export async function askPermission(): Promise<Permission> {
  if (typeof Notification === "undefined") return null;
  const given = await Notification.requestPermission();
  for (const watcher of watchers) watcher();
  return given;
}

const shapeOf = ({ address }: SavedView): string => JSON.stringify(addressOf(viewOf(address)));

async function heldBy(view: SavedView): Promise<ReadonlySet<string>> {
  const query = { ...listQuery(viewOf(view.address)), sort: "date" as const, limit: LATEST };
  const { data } = await api.get<Page<Issue>>("/api/v1/issues", query, undefined, { maxAgeS: 1 });
  return new Set(data.map(({ id }) => id));
}

function show({ title, body, tag, address }: Notice): void {
  const notification = new Notification(title, { body, tag, icon: "/favicon.svg" });
  notification.onclick = () => {
    notification.close();
    // In a tab of its own: whatever the reader has begun elsewhere stays as it is.
    window.open(address, "_blank", "noopener");
  };
}

/** Ask all tabs whether one of them shows a view to somebody. */
async function isLookedAt(view: SavedView, here: () => string | null): Promise<boolean> {
  const shape = shapeOf(view);
  if (here() === shape) return true;
  if (typeof BroadcastChannel === "undefined") return false;
  const channel = new BroadcastChannel(CHANNEL);
  try {
    return await new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(false), ANSWER_MS);
      channel.onmessage = ({ data }: MessageEvent<{ shown?: unknown }>) => {
        if (data.shown === shape) resolve(true);
      };
      channel.postMessage({ ask: true });
    });
  } finally {
    channel.close();
  }
}

/** Tell the other tabs, when they ask, what this one shows to somebody. */
function answerOthers(here: () => string | null): () => void {
  if (typeof BroadcastChannel === "undefined") return () => undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<{ ask?: unknown }>) => {
    const shown = data.ask === true ? here() : null;
    if (shown !== null) channel.postMessage({ shown });
  };
  return () => channel.close();
}

/**
 * Notify the reader of what comes up in the views that they want to be told of: one tab for all of a browser.
 *
 * `here` gives the address of the view that this tab shows, or null while nobody looks at it or it shows no list.
 */
export function useNotices(here: () => string | null): void {
  const { views } = useSavedViews();
  const wanted = views.filter(({ notify }) => notify);
  const isOn = usePermission() === "granted" && wanted.length > 0 && "locks" in navigator;
  useEffect(() => {
    current = wanted;
  });
  useEffect(() => answerOthers(here), [here]);
  useEffect(() => {
    if (!isOn) return;
    const over = new AbortController();
    const lead = async (): Promise<void> => {
      if (over.signal.aborted) return;
      const notifier = new Notifier({
        views: () => current,
        holds: heldBy,
        isLookedAt: (view) => isLookedAt(view, here),
        addressOf: (view) => addressWith("/", { ...addressOf(viewOf(view.address)) }),
        show,
      });
      const deaf = whenTold((event) => {
        const found = newsOf(event, Date.now());
        if (found !== null) notifier.hear(found);
      });
      const sleep = keepListening();
      await new Promise<void>((resolve) => over.signal.addEventListener("abort", () => resolve()));
      deaf();
      sleep();
      notifier.stop();
    };
    // Whoever holds the lock notifies; when its tab closes the next one does.
    navigator.locks.request(LOCK, { signal: over.signal }, lead).catch(() => undefined);
    return () => over.abort();
  }, [isOn, here]);
}

let current: readonly SavedView[] = [];
