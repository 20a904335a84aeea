import { expect, it } from "vitest";

import { anEvent } from "@tests/feed";

import { carriesWords, EVENT_TYPES, forwardsWords, isTaken, pingWords, readChannels, typeWord } from "./subscriptions";
import { readSubscriptionAddress } from "./subscriptionAddress";

it("says in one line what is forwarded", () => {
  expect(forwardsWords({ channels: ["issues", "project:shop"], filter: "!source:poll", types: ["issue.resolved", "alert"] })).toBe(
    "Issues, project shop · !source:poll · Resolved, Everything of alert",
  );
  expect(forwardsWords({ channels: ["issues"], filter: "", types: [] })).toBe("Issues");
});

// A type without a word would be chosen by its spelling.
it("has a word for every type", () => expect(EVENT_TYPES.filter((type) => typeWord(type).includes(":"))).toEqual([]));

it("reads channels as people type them", () => expect(readChannels(" project:shop, issue:7\nproject:shop ")).toEqual(["project:shop", "issue:7"]));

it("takes of an address the state it knows", () => {
  expect(readSubscriptionAddress({ state: "dead" })).toEqual({ state: "dead" });
  expect(readSubscriptionAddress({ state: "undead" })).toEqual({});
});

it("says what a delivery carries", () => {
  expect(carriesWords({ event: { ...anEvent() } })).toEqual({ kind: "Resolved", subject: "SHOP-7 Oops" });
  expect(carriesWords({ event: { ...anEvent({ type: "alert.triggered", issue: null, data: { title: "Too slow" } }) } })).toEqual({ kind: "Alert", subject: "Too slow" });
  expect(carriesWords({ event: { type: "gap", why: "trimmed" } }).kind).toBe("Gap");
  expect(carriesWords({ event: {} })).toEqual({ kind: "Event", subject: "" });
});

it("says what came of a test", () => {
  expect(pingWords({ status: 204, ms: 12, error: null })).toBe("The receiver answered 204 in 12 ms.");
  expect(pingWords({ status: 500, ms: 12, error: "The receiver answered 500." })).toBe("The receiver answered 500.");
  expect([isTaken({ status: 204, ms: 1, error: null }), isTaken({ status: 500, ms: 1, error: "no" }), isTaken({ status: null, ms: 1, error: "no" })]).toEqual([true, false, false]);
});
