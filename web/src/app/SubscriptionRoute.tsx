import { useParams, useSearch } from "@tanstack/react-router";

import { SubscriptionScreen } from "@/screens/subscriptions/SubscriptionScreen";

/** One subscription at its address. */
export function SubscriptionRoute() {
  const { subscriptionId } = useParams({ from: "/workbench/subscriptions/$subscriptionId" });
  const { state } = useSearch({ from: "/workbench/subscriptions/$subscriptionId" });
  return <SubscriptionScreen key={subscriptionId} id={subscriptionId} state={state ?? null} />;
}
