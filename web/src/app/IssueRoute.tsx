import { useParams, useSearch } from "@tanstack/react-router";

import { IssueScreen } from "@/screens/issue/IssueScreen";

/** The issue page at its address; in a chunk of its own so that the stream's first load stays small. */
export function IssueRoute() {
  const { issueId } = useParams({ from: "/workbench/issues/$issueId" });
  const address = useSearch({ from: "/workbench/issues/$issueId" });
  return <IssueScreen key={issueId} issueId={issueId} address={address} />;
}
