/** The words of Sentry's issue search that the workbench knows: each key, what it asks, and its closed set of values if it has one. */
export interface SearchKey {
  readonly key: string;
  readonly asks: string;
  readonly values?: readonly string[];
  /** Where open values come from, when the workbench can list them. */
  readonly source?: "project" | "environment" | "member" | "release";
  /** Values that show the form, when the set is open. */
  readonly examples?: readonly string[];
}

const AGES = ["-1h", "-24h", "-7d", "+14d"];
const COUNTS = [">10", ">100", ">1000"];

export const SEARCH_KEYS: readonly SearchKey[] = [
  {
    key: "is",
    asks: "State of the issue",
    values: [
      "unresolved", "for_review", "regressed", "escalating", "new", "ongoing", "assigned", "unassigned", "resolved", "archived", "linked",
      "unlinked", "ignored",
    ],
  },
  { key: "assigned", asks: "Who it is assigned to", source: "member", examples: ["me", "none", "#team"] },
  { key: "assigned_or_suggested", asks: "Who it is or could be assigned to", source: "member", examples: ["me", "none"] },
  { key: "level", asks: "Level", values: ["fatal", "error", "warning", "info", "debug"] },
  { key: "issue.priority", asks: "Priority", values: ["high", "medium", "low"] },
  { key: "issue.category", asks: "Category", values: ["error", "performance", "replay", "cron", "feedback", "outage", "metric"] },
  { key: "issue.type", asks: "Type of issue", examples: ["error"] },
  { key: "project", asks: "Project", source: "project" },
  { key: "environment", asks: "Environment", source: "environment" },
  { key: "release", asks: "Release", source: "release", examples: ["latest"] },
  { key: "firstRelease", asks: "Release it first appeared in", source: "release", examples: ["latest"] },
  { key: "age", asks: "Time since it was first seen", examples: AGES },
  { key: "firstSeen", asks: "First seen", examples: AGES },
  { key: "lastSeen", asks: "Last seen", examples: AGES },
  { key: "timesSeen", asks: "Number of events", examples: COUNTS },
  { key: "has", asks: "Has this tag or field", examples: ["user", "release", "environment"] },
  { key: "bookmarks", asks: "Bookmarked by", source: "member", examples: ["me"] },
  { key: "subscribed", asks: "Followed by", source: "member", examples: ["me"] },
  { key: "title", asks: "Title of the issue" },
  { key: "message", asks: "Message of the events" },
  { key: "issue", asks: "Short id" },
  { key: "id", asks: "Event id" },
  { key: "culprit", asks: "Culprit" },
  { key: "location", asks: "Where it happened" },
  { key: "platform.name", asks: "Platform", examples: ["python", "javascript", "java"] },
  { key: "error.type", asks: "Exception type", examples: ["TypeError", "*Timeout*"] },
  { key: "error.value", asks: "Exception value" },
  { key: "error.handled", asks: "Caught by the application", values: ["true", "false"] },
  { key: "error.unhandled", asks: "Not caught by the application", values: ["true", "false"] },
  { key: "error.mechanism", asks: "How it was caught" },
  { key: "stack.filename", asks: "File in the stack" },
  { key: "stack.function", asks: "Function in the stack" },
  { key: "stack.module", asks: "Module in the stack" },
  { key: "stack.abs_path", asks: "Full path in the stack" },
  { key: "user.id", asks: "User id" },
  { key: "user.email", asks: "User's e-mail" },
  { key: "user.username", asks: "User's name" },
  { key: "user.ip", asks: "User's address" },
  { key: "http.method", asks: "HTTP method", values: ["GET", "POST", "PUT", "PATCH", "DELETE"] },
  { key: "http.url", asks: "Address that was called" },
  { key: "http.referer", asks: "Referring address" },
  { key: "url", asks: "Address" },
  { key: "transaction", asks: "Transaction" },
  { key: "browser.name", asks: "Browser", examples: ["Chrome", "Firefox", "Safari"] },
  { key: "os.name", asks: "Operating system", examples: ["Windows", "iOS", "Android"] },
  { key: "device.family", asks: "Device" },
  { key: "sdk.name", asks: "SDK" },
  { key: "dist", asks: "Distribution" },
  { key: "geo.country_code", asks: "Country", examples: ["DE", "US", "JP"] },
  { key: "timestamp", asks: "Time of the event", examples: AGES },
  { key: "event.type", asks: "Type of event", values: ["error", "default", "csp"] },
  { key: "tags", asks: "A tag whose name clashes with a field" },
];

const BY_KEY = new Map(SEARCH_KEYS.map((entry) => [entry.key.toLowerCase(), entry]));

/** Give what is known of a key, however it is capitalized; `tags[name]` is known as a tag. */
export function searchKey(key: string): SearchKey | undefined {
  return BY_KEY.get(key.toLowerCase());
}
