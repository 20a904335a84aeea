import { useSearch } from "@tanstack/react-router";

import { GatewayScreen } from "@/screens/gateway/GatewayScreen";

/** The Gateway screen at its address, in a chunk of its own. */
export function GatewayRoute() {
  return <GatewayScreen address={useSearch({ from: "/workbench/gateway" })} />;
}
