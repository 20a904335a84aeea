/** The list of issues to triage. */
export function StreamScreen() {
  return <h1>Issues</h1>;
}
