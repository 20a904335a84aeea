/** The address of a subscription: which of its deliveries are shown. */

export const DELIVERY_STATES = ["pending", "delivered", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface SubscriptionAddress {
  state?: DeliveryState;
}

/** Give the address's known parts; a mangled address asks for all. */
export const readSubscriptionAddress = (search: Readonly<Record<string, unknown>>): SubscriptionAddress => {
  const state = DELIVERY_STATES.find((each) => each === search["state"]);
  return state === undefined ? {} : { state };
};
