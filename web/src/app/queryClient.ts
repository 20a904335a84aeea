import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/api/error";
import { silentRetryMs } from "@/core/comeback";
import { askHealthNow } from "@/queries/health";

const waitOf = (failures: number, error: Error): number | null => (error instanceof ApiError ? silentRetryMs(failures, error, Date.now()) : null);

/** The client every query runs in: what cannot succeed on its own is not tried again, and a failure is news of how the gateway is. */
export function createQueryClient(): QueryClient {
  const onError = (error: Error): void => {
    if (error instanceof ApiError && error.retryable) askHealthNow(client);
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => waitOf(failures, error) !== null,
        retryDelay: (failures, error) => waitOf(failures, error) ?? 0,
      },
      mutations: { retry: false },
    },
  });
  return client;
}
