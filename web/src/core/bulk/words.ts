import { counted, exactCount, shortSpan } from "../format";
import { archiveWords, resolveWords } from "../issueWords";
import { sentences } from "../sentences";
import { isOver, type ItemState, type Job, type JobCounts, type JobPreview, type Operation } from "./job";

const FLAG_WORDS: Record<"seen" | "bookmark" | "subscribe" | "public" | "reviewed", readonly [on: string, off: string]> = {
  seen: ["Mark as seen", "Mark as unseen"],
  bookmark: ["Bookmark", "Remove the bookmark"],
  subscribe: ["Subscribe", "Unsubscribe"],
  public: ["Share publicly", "Stop sharing"],
  reviewed: ["Mark as reviewed", "Mark as not reviewed"],
};

/** Give what an operation does, as a command: "Resolve in the next release", "Add the label flaky". `nameOf` knows people and teams. */
export function operationWords(operation: Operation, nameOf: (assignee: string) => string = (word) => word): string {
  switch (operation.op) {
    case "status":
      if (operation.status === "resolved") return `Resolve${resolveWords(operation.resolve ?? { mode: "now" })}`;
      if (operation.status === "unresolved") return "Reopen";
      return `Archive ${archiveWords(operation.archive ?? { mode: "until_escalating" })}`;
    case "assign":
      return operation.assignee === null ? "Assign to nobody" : `Assign to ${nameOf(operation.assignee)}`;
    case "priority":
      return `Set the priority to ${operation.priority}`;
    case "label":
      return labelWords(operation.add, operation.remove);
    case "merge":
      return "Merge into one";
    case "delete":
      return "Delete";
    case "discard":
      return "Delete and discard future events";
    case "undo":
      return "Undo";
    default:
      return FLAG_WORDS[operation.op][operation.value ? 0 : 1];
  }
}

function labelWords(add: readonly string[], remove: readonly string[]): string {
  const parts = [
    ...(add.length === 0 ? [] : [`Add ${add.length === 1 ? "the label" : "the labels"} ${add.join(", ")}`]),
    ...(remove.length === 0 ? [] : [`${add.length === 0 ? "Remove" : "remove"} ${remove.length === 1 ? "the label" : "the labels"} ${remove.join(", ")}`]),
  ];
  return parts.join(", ") || "Change no label";
}

/** Give what a job is, in one line: "Resolve, assign to me · 4,312 issues". */
export function jobTitle(job: Pick<Job, "operations" | "counts">, nameOf?: (assignee: string) => string): string {
  const deeds = job.operations.map((operation, index) => {
    const words = operationWords(operation, nameOf);
    return index === 0 ? words : words.charAt(0).toLowerCase() + words.slice(1);
  });
  const what = deeds.join(", ") || "Nothing";
  return `${what} · ${counted(job.counts.total, "issue")}`;
}

const COUNT_WORDS: readonly (readonly [keyof JobCounts, string])[] = [
  ["done", "done"],
  ["unchanged", "already so"],
  ["skipped", "skipped"],
  ["failed", "failed"],
  ["unknown", "unknown"],
];

/** Give what became of the issues so far: "4,300 done, 10 already so, 2 failed". */
export function reportWords(counts: JobCounts): string {
  const parts = COUNT_WORDS.flatMap(([name, word]) => (counts[name] === 0 ? [] : [`${exactCount(counts[name])} ${word}`]));
  return parts.join(", ") || "nothing yet";
}

/** Give how a job stands, for the tray and for those who only hear it. */
export function jobStateWords(job: Pick<Job, "state" | "counts" | "eta_s" | "error" | "reason" | "resumes_at" | "wish">): string {
  if (job.wish !== null && !isOver(job)) return job.wish === "pause" ? "Pausing, once what is under way has ended" : "Cancelling, once what is under way has ended";
  const behind = `${exactCount(job.counts.total - job.counts.pending)} of ${exactCount(job.counts.total)}`;
  switch (job.state) {
    case "resolving":
      return "Finding the issues";
    case "previewed":
      return "Waiting for your confirmation";
    case "applying":
      return `${behind}${job.eta_s === null ? "" : `, about ${shortSpan(Math.max(1, job.eta_s))} left`}`;
    case "verifying":
      return "Reading back what Sentry did";
    case "paused":
      return sentences(`Paused at ${behind}`, job.reason, job.resumes_at === null ? null : "It goes on by itself").replace(/\.$/, "");
    case "done":
      return `Finished: ${reportWords(job.counts)}`;
    case "cancelled":
      return `Cancelled: ${reportWords(job.counts)}`;
    case "failed":
      return `Stopped: ${job.error ?? job.reason ?? "the job failed"}`;
  }
}

const ITEM_WORDS: Record<ItemState, string> = {
  pending: "Waiting",
  sent: "Sent",
  done: "Done",
  unchanged: "Already so",
  skipped: "Skipped",
  failed: "Failed",
  unknown: "Unknown",
};

export const itemStateWord = (state: ItemState): string => ITEM_WORDS[state];

const FIELD_WORDS: Partial<Record<string, string>> = {
  status: "Status",
  substatus: "State",
  statusDetails: "Condition",
  status_details: "Condition",
  assignee: "Assignee",
  assignedTo: "Assignee",
  assigned_to: "Assignee",
  priority: "Priority",
  hasSeen: "Seen",
  has_seen: "Seen",
  seen: "Seen",
  isBookmarked: "Bookmark",
  bookmark: "Bookmark",
  isSubscribed: "Subscription",
  subscribe: "Subscription",
  subscribed: "Subscription",
  details: "Condition",
  isPublic: "Shared",
  public: "Shared",
  reviewed: "Reviewed",
  for_review: "For review",
  inbox: "For review",
  labels: "Labels",
  label: "Labels",
  merge: "Merged into",
  delete: "Exists",
  discard: "Exists",
};

export const fieldWord = (field: string): string => FIELD_WORDS[field] ?? `${field.charAt(0).toUpperCase()}${field.slice(1).replaceAll("_", " ")}`;

const VALUE_WORDS: Partial<Record<string, string>> = { ignored: "archived", null: "nothing", "": "nothing" };

/** Give a value of a before- or after-image in words. */
export function valueWords(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return VALUE_WORDS[value] ?? value.replaceAll("_", " ");
  if (typeof value === "number") return exactCount(value);
  if (Array.isArray(value)) return value.length === 0 ? "nothing" : value.map(valueWords).join(", ");
  const record = value as Record<string, unknown>;
  const name = record["name"] ?? record["label"] ?? record["email"];
  if (typeof name === "string") return name;
  const parts = Object.entries(record).filter(([, part]) => part !== null && part !== undefined);
  return parts.length === 0 ? "nothing" : parts.map(([key, part]) => `${key} ${valueWords(part)}`).join(", ");
}

/** Names that say nothing to a reader. */
const INNER = new Set(["id", "created_by", "created_at", "updated_at", "version", "owner_id"]);

/** Give what is told of one image alone, such as what was made or what was deleted, in words. */
export function facts(image: unknown): { readonly field: string; readonly value: string }[] {
  // A text in the place of an image says why there is none.
  if (typeof image === "string") return [{ field: "Values", value: valueWords(image) }];
  return Object.entries(record(image)).flatMap(([key, value]) => (INNER.has(key) || valueWords(value) === "nothing" ? [] : [{ field: fieldWord(key), value: valueWords(value) }]));
}

/** Give the fields in which two images differ, in words. */
export function differences(before: unknown, after: unknown): { readonly field: string; readonly from: string; readonly to: string }[] {
  const [was, is] = [record(before), record(after)];
  return Object.keys(is).flatMap((key) => {
    const [from, to] = [valueWords(was[key]), valueWords(is[key])];
    // That a state ends with its status goes without saying.
    const implied = key === "substatus" && is[key] === null;
    return from === to || implied ? [] : [{ field: fieldWord(key), from, to }];
  });
}

const record = (value: unknown): Record<string, unknown> => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {});

/** Give how long a job will take: "about 20 s", with the calls it costs. */
export function costWords({ estimated_s, estimated_calls }: Pick<JobPreview, "estimated_s" | "estimated_calls">): string {
  return `About ${shortSpan(Math.max(1, Math.ceil(estimated_s)))}, ${counted(estimated_calls, "call")} to Sentry`;
}
