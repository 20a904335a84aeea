import { useSearch } from "@tanstack/react-router";

import { FeedScreen } from "@/screens/feed/FeedScreen";

/** The feed at its address, in a chunk of its own. */
export function FeedRoute() {
  return <FeedScreen address={useSearch({ from: "/workbench/feed" })} />;
}
