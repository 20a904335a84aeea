/** Subscriptions that forward the feed to other systems: the shapes that are read, and how they are said. */

import { asObject, asText } from "./event/json";
import { readFeedEvent } from "./feed";
import { kindWord } from "./feedWords";
import type { DeliveryState } from "./subscriptionAddress";

export type Health = "ok" | "failing" | "paused";

export interface Subscription {
  id: string;
  name: string;
  url: string;
  channels: string[];
  filter: string;
  types: string[];
  active: boolean;
  paused_reason: string | null;
  created_at: string;
  created_by: { id: string | null; name: string };
  health: Health;
  /** So many records of the feed's log it has not looked at; null while the log does not answer. */
  behind: number | null;
  delivered: number;
  pending: number;
  dead: number;
  last_delivery_at: string | null;
  last_error: string | null;
}

export interface Delivery {
  id: string;
  event: Record<string, unknown>;
  place: string;
  state: DeliveryState;
  attempts: number;
  next_attempt_at: string | null;
  last_status: number | null;
  last_error: string | null;
  created_at: string;
  delivered_at: string | null;
  dead_at: string | null;
}

/** What a subscription is made of, as it is sent. */
export interface SubscriptionForm {
  name: string;
  url: string;
  channels: string[];
  filter: string;
  types: string[];
}

export interface Pinged {
  status: number | null;
  ms: number;
  error: string | null;
}

export const PLAIN_CHANNELS = ["issues", "alerts", "jobs", "gateway", "presence"] as const;

const CHANNEL_WORDS: Record<(typeof PLAIN_CHANNELS)[number], string> = {
  issues: "Issues",
  alerts: "Alerts",
  jobs: "Bulk jobs",
  gateway: "The gateway itself",
  presence: "Who looks at what",
};

export const isPlain = (channel: string): channel is (typeof PLAIN_CHANNELS)[number] => PLAIN_CHANNELS.some((each) => each === channel);

export const channelWord = (channel: string): string => (isPlain(channel) ? CHANNEL_WORDS[channel] : channel.replace(":", " "));

/** The types of events that can be chosen, as the feed names them. */
export const EVENT_TYPES = [
  "issue.created", "issue.updated", "issue.resolved", "issue.unresolved", "issue.regressed", "issue.assigned", "issue.archived", "issue.merged",
  "issue.deleted", "issue.escalating", "issue.commented", "alert.triggered", "alert.resolved", "job.progress", "gateway.breaker", "gateway.quota", "gateway.drift",
] as const;

/** Give a type of event, or all that begin with it, in words. */
export const typeWord = (type: string): string => (type.includes(".") ? kindWord({ type, after: {} }) : `Everything of ${type}`);

/** Read channels that are typed with spaces or commas between them. */
export const readChannels = (typed: string): string[] => [...new Set(typed.split(/[\s,]+/).filter((word) => word !== ""))];

const HEALTH_WORDS: Record<Health, string> = { ok: "Working", failing: "Failing", paused: "Paused" };

export const healthWord = (health: Health): string => HEALTH_WORDS[health];

/** Give what is forwarded, in one line: "Issues, alerts · project:shop · New issue, Resolved". */
export function forwardsWords({ channels, filter, types }: Pick<Subscription, "channels" | "filter" | "types">): string {
  return [channels.map(channelWord).join(", "), filter, types.map(typeWord).join(", ")].filter((part) => part !== "").join(" · ");
}

const STATE_WORDS: Record<DeliveryState, string> = { pending: "Waiting", delivered: "Delivered", dead: "Given up" };

export const deliveryWord = (state: DeliveryState): string => STATE_WORDS[state];

/** Give what a delivery carries: the kind of event and the issue it is about. */
export function carriesWords({ event }: Pick<Delivery, "event">): { kind: string; subject: string } {
  if (event["type"] === "gap") return { kind: "Gap", subject: "Events are missing here" };
  const told = readFeedEvent({ epoch: "", offset: 0, event })?.event;
  if (told === undefined) return { kind: asText(event["type"]) ?? "Event", subject: "" };
  const named = told.issue === null ? (asText(asObject(told.data)["title"]) ?? told.project ?? "") : `${told.issue.short_id} ${told.issue.title}`;
  return { kind: kindWord(told), subject: named.trim() };
}

/** Give what came of a test, in a sentence. */
export function pingWords({ status, ms, error }: Pinged): string {
  if (error !== null) return error;
  return `The receiver answered ${status ?? "nothing"} in ${ms} ms.`;
}

/** Whether a test reached a receiver that took it. */
export const isTaken = ({ status, error }: Pinged): boolean => error === null && status !== null && status >= 200 && status < 300;
