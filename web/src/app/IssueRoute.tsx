import { useParams, useSearch } from "@tanstack/react-router";

import { readIssueAddress } from "@/core/event/address";
import { IssueScreen } from "@/screens/issue/IssueScreen";

/** The issue page at its address; in a chunk of its own so that the stream's first load stays small. */
export function IssueRoute() {
  const { issueId } = useParams({ from: "/workbench/issues/$issueId" });
  // Read anew: what a route leaves out of its search, the router fills with what the address holds.
  const address = readIssueAddress(useSearch({ from: "/workbench/issues/$issueId" }));
  return <IssueScreen key={issueId} issueId={issueId} address={address} />;
}
