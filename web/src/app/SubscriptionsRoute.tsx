import { SubscriptionsScreen } from "@/screens/subscriptions/SubscriptionsScreen";

/** The subscriptions at their address, in a chunk of their own. */
export function SubscriptionsRoute() {
  return <SubscriptionsScreen />;
}
