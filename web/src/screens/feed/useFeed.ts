import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";

import type { FeedView } from "@/core/feedView";
import { feedQuery, pollFeed, readOlder, showWaiting } from "@/queries/feed";
import { useLiveness } from "@/queries/live";

const POLL_MS = 30_000;

/** Give the feed as a view asks for it, and the ways to go on in it. */
export function useFeed(view: FeedView) {
  const queryClient = useQueryClient();
  const { liveness } = useLiveness();
  const feed = useQuery({ ...feedQuery(view), placeholderData: keepPreviousData });
  const older = useMutation({ mutationFn: (before: string) => readOlder(queryClient, view, before) });
  const { reset } = older;
  useEffect(() => reset, [view, reset]);
  const show = useCallback(() => showWaiting(queryClient, view), [queryClient, view]);
  useEffect(() => {
    if (liveness !== "polling") return;
    const timer = setInterval(() => pollFeed(queryClient), POLL_MS);
    return () => clearInterval(timer);
  }, [liveness, queryClient]);
  return { feed, older, show };
}
