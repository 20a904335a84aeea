import { api } from "@/api/client";
import { type Change, gathered, type Parcel } from "@/core/batch";
import type { Issue } from "@/core/model";

/** Changes made within this time leave together. */
const MOMENT_MS = 60;
/** How many are on their way at once; the next leaves when one has been answered. */
const AT_ONCE = 10;

type Answer = Partial<Issue>;

/** A change that did not get through: why, and how the issue stood before all that left with it. */
export class Unsent extends Error {
  override readonly name = "Unsent";
  constructor(
    override readonly cause: unknown,
    readonly before: Issue,
  ) {
    super("The change was not taken");
  }
}

interface Waiter {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

let parcels: ReadonlyMap<string, Parcel> = new Map();
let waiters = new Map<string, Waiter[]>();
let timer: ReturnType<typeof setTimeout> | null = null;
let underway = 0;
const queue: (() => void)[] = [];

/**
 * Send a change with all others of this moment, at most ten at a time over the whole workbench.
 *
 * Several changes of one issue become one request; each caller hears how it went. Sentry limits how many requests it
 * serves at once, so a hasty hand must not become a burst.
 */
export function sendTogether(change: Change): Promise<Answer> {
  parcels = gathered(parcels, change);
  timer ??= setTimeout(flush, MOMENT_MS);
  return new Promise((resolve, reject) => {
    waiters.set(change.issue.id, [...(waiters.get(change.issue.id) ?? []), { resolve, reject }]);
  });
}

function flush(): void {
  const [leaving, told] = [parcels, waiters];
  parcels = new Map();
  waiters = new Map();
  timer = null;
  for (const [id, parcel] of leaving) {
    queue.push(() => void deliver(id, parcel, told.get(id) ?? []));
  }
  next();
}

function next(): void {
  while (underway < AT_ONCE) {
    const send = queue.shift();
    if (send === undefined) return;
    underway += 1;
    send();
  }
}

async function deliver(id: string, { update, before }: Parcel, told: readonly Waiter[]): Promise<void> {
  try {
    const answer = await api.put<Answer>(`/api/v1/issues/${encodeURIComponent(id)}`, update);
    told.forEach(({ resolve }) => resolve(answer));
  } catch (error) {
    told.forEach(({ reject }) => reject(new Unsent(error, before)));
  } finally {
    underway -= 1;
    next();
  }
}
