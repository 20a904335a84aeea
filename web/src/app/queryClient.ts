import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/api/error";

const MAX_RETRIES = 2;

/** The client every query runs in: what cannot succeed on its own is not tried again. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < MAX_RETRIES && error instanceof ApiError && error.retryable,
        retryDelay: (attempt) => Math.min(1000 * 2 ** attempt, 8000),
      },
      mutations: { retry: false },
    },
  });
}
