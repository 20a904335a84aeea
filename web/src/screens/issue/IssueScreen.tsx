/** The page of one issue. */
export function IssueScreen({ issueId }: { issueId: string }) {
  return <h1>Issue {issueId}</h1>;
}
