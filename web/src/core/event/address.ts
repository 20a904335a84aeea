/** What the issue page shows beside the issue itself, and its form in the address. Defaults stay out of it. */

import { readAddress, type ViewAddress } from "../view";
import type { FrameOrder } from "./frames";

/** Sentry's own words for an event that is found by its place. */
export const EVENT_WORDS = ["recommended", "latest", "oldest"] as const;
export type EventWord = (typeof EVENT_WORDS)[number];

export interface IssueView {
  /** An event's id, or a word. */
  readonly event: string;
  readonly order: FrameOrder;
  readonly raw: boolean;
}

export interface IssueAddress {
  event?: string;
  order?: "oldest";
  stack?: "raw";
}

/** The list that an issue was opened from. An address that names none means the list as it is at first. */
export type ListAddress = Omit<ViewAddress, "split">;

const DEFAULT_EVENT: EventWord = "recommended";

/** Give the address's known parts; a mangled one shows the recommended event, never an error. */
export function readIssueAddress(search: Readonly<Record<string, unknown>>): IssueAddress {
  const address: IssueAddress = {};
  const event = typeof search["event"] === "string" ? eventOf(search["event"]) : null;
  if (event !== null && event !== DEFAULT_EVENT) address.event = event;
  if (search["order"] === "oldest") address.order = "oldest";
  if (search["stack"] === "raw") address.stack = "raw";
  return address;
}

/** Give the known parts of the address of an issue's page: the list it stands in, and what is shown of it. */
export function readIssuePageAddress(search: Readonly<Record<string, unknown>>): ListAddress & IssueAddress {
  return { ...readListAddress(search), ...readIssueAddress(search) };
}

/** Give the list that the address of an issue's page names. */
export function readListAddress(search: Readonly<Record<string, unknown>>): ListAddress {
  return readAddress({ ...search, split: undefined });
}

function eventOf(text: string): string | null {
  const plain = text.trim().toLowerCase().replaceAll("-", "");
  const known = EVENT_WORDS.some((word) => word === plain);
  return known || /^[0-9a-f]{32}$/.test(plain) ? plain : null;
}

/** Give the view with every default filled in. */
export function issueViewOf(address: IssueAddress): IssueView {
  return {
    event: address.event ?? DEFAULT_EVENT,
    order: address.order ?? "newest",
    raw: address.stack === "raw",
  };
}

/** Give the address after a change of the view. */
export function issueAddressOf(view: IssueView): IssueAddress {
  return readIssueAddress({ event: view.event, order: view.order, stack: view.raw ? "raw" : undefined });
}
