import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";

import { api, rememberCsrfToken } from "@/api/client";
import type { Session } from "@/api/model";
import { mayTriage } from "@/core/people";

async function fetchSession(signal?: AbortSignal): Promise<Session> {
  const session = await api.get<Session>("/api/v1/session", undefined, signal);
  rememberCsrfToken(session);
  return session;
}

/** Who is signed in and to which organization. Fails with a 401 ApiError when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => fetchSession(signal),
  staleTime: Infinity,
  gcTime: Infinity,
  retry: false,
});

/** The session of a screen behind the sign-in; the router has fetched it before the screen stands. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

/** Whether who is signed in may change issues. */
export function useMayTriage(): boolean {
  return mayTriage(useSession().user);
}

/** What opens a session: the token that Dexter printed, or a person's own address and password. */
export type SignIn = { token: string } | { email: string; password: string };

export async function signIn(proof: SignIn): Promise<Session> {
  const session = await api.post<Session>("/api/v1/session", proof);
  rememberCsrfToken(session);
  return session;
}

export async function signOut(): Promise<void> {
  await api.delete("/api/v1/session");
  rememberCsrfToken(null);
}
