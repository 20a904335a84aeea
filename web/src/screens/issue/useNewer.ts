import { useThrottledValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { EventView } from "@/core/event/event";
import { eventsAfterQuery } from "@/queries/issue";

/** In a storm of events it is asked so often which one comes next, at most. */
const ASKS_EVERY_MS = 3_000;

/** What has come since the reader began to look at an event. */
export interface Newer {
  readonly count: number;
  /** The event that comes after the one on screen. */
  readonly id: string | null;
}

const NOTHING: Newer = { count: 0, id: null };

/** Give how many events an issue has had since one of them came on screen; `count` is undefined until it is known. */
export function useNewer(issueId: string, event: EventView | undefined, count: number | undefined): Newer {
  const [base, setBase] = useState<{ readonly event: string; readonly count: number } | null>(null);
  if (event !== undefined && count !== undefined && base?.event !== event.id) setBase({ event: event.id, count });
  const more = count === undefined || base === null || base.event !== event?.id ? 0 : Math.max(0, count - base.count);
  const isLatest = event?.newerId === null;
  // The count alone is no proof: the event on screen may be the one that was not counted yet.
  const asked = useThrottledValue(count ?? 0, ASKS_EVERY_MS);
  const after = useQuery({
    ...eventsAfterQuery(issueId, event?.id ?? "", asked),
    enabled: isLatest && more > 0,
    placeholderData: (before, query) => (query?.queryKey[3] === event?.id ? before : undefined),
  });
  if (event === undefined || more === 0) return NOTHING;
  if (!isLatest) return { count: more, id: event.newerId };
  return after.data ?? NOTHING;
}
