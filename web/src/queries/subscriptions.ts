import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api } from "@/api/client";
import type { Page } from "@/core/model";
import { nextCursor } from "@/core/paging";
import type { DeliveryState } from "@/core/subscriptionAddress";
import type { Delivery, Pinged, Subscription, SubscriptionForm } from "@/core/subscriptions";

const AGAIN_MS = 5_000;
const ROWS = 50;

/** All subscriptions; how each does changes by itself, so it is asked for again while somebody looks. */
export const subscriptionsQuery = queryOptions({
  queryKey: ["subscriptions"],
  queryFn: async ({ signal }) => (await api.get<{ data: Subscription[] }>("/api/v1/subscriptions", undefined, signal)).data,
  refetchInterval: AGAIN_MS,
});

/** One subscription. */
export const subscriptionQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id],
    queryFn: ({ signal }) => api.get<Subscription>(`/api/v1/subscriptions/${id}`, undefined, signal),
    refetchInterval: AGAIN_MS,
  });

/** What was sent, waits to be, or was given up, the newest first. */
export const deliveriesQuery = (id: string, state: DeliveryState | null) =>
  infiniteQueryOptions({
    queryKey: ["subscription", id, "deliveries", state],
    queryFn: ({ pageParam, signal }) => api.get<Page<Delivery>>(`/api/v1/subscriptions/${id}/deliveries`, { state, cursor: pageParam, limit: ROWS }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last, _pages, _lastParam, followed) => nextCursor(last, followed),
    refetchInterval: AGAIN_MS,
  });

export interface MadeSubscription extends Subscription {
  /** Shown here and never again. */
  secret: string;
}

export const addSubscription = (form: SubscriptionForm) => api.post<MadeSubscription>("/api/v1/subscriptions", form);
export const changeSubscription = ({ id, ...change }: Partial<SubscriptionForm> & { id: string; active?: boolean }) => api.patch<Subscription>(`/api/v1/subscriptions/${id}`, change);
export const removeSubscription = (id: string) => api.delete(`/api/v1/subscriptions/${id}`);
export const renewSecret = async (id: string) => (await api.post<{ secret: string }>(`/api/v1/subscriptions/${id}/secret`, {})).secret;
export const pingSubscription = (id: string) => api.post<Pinged>(`/api/v1/subscriptions/${id}/test`, {});
export const retryDelivery = ({ id, delivery }: { id: string; delivery: string }) => api.post<Delivery>(`/api/v1/subscriptions/${id}/deliveries/${delivery}/retry`, {});
export const retryDead = (id: string) => api.post<{ count: number }>(`/api/v1/subscriptions/${id}/dead/retry`, {});
export const forgetDead = (id: string) => api.delete(`/api/v1/subscriptions/${id}/dead`);
