import { queryOptions } from "@tanstack/react-query";

import { api } from "@/api/client";
import type { Session } from "@/api/model";
import type { ApiToken, LinkedSentry, OpenSession, Person, Role, Scope } from "@/core/people";

interface Listed<T> {
  data: T[];
}

/** Everybody who uses this Dexter. */
export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: async ({ signal }) => (await api.get<Listed<Person>>("/api/v1/people", undefined, signal)).data,
});

/** Where the reader is signed in. */
export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async ({ signal }) => (await api.get<Listed<OpenSession>>("/api/v1/sessions", undefined, signal)).data,
});

/** The reader's tokens for scripts. */
export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) => (await api.get<Listed<ApiToken>>("/api/v1/tokens", undefined, signal)).data,
});

export interface NewToken {
  name: string;
  scopes: Scope[];
  organization: string | null;
  expires_in_days: number | null;
}

export interface MadeToken extends ApiToken {
  /** Shown here and never again. */
  token: string;
}

export interface Profile {
  name?: string;
  email?: string;
  current?: string;
}

export interface NewPerson {
  name: string;
  email: string | null;
  password: string | null;
  is_admin: boolean;
  roles: Record<string, Role>;
}

export interface PersonChange {
  name?: string;
  email?: string;
  is_admin?: boolean;
  disabled?: boolean;
  password?: string;
}

export const endSession = (id: string) => api.delete(`/api/v1/sessions/${id}`);
export const endOtherSessions = () => api.delete("/api/v1/sessions");
export const makeToken = (token: NewToken) => api.post<MadeToken>("/api/v1/tokens", token);
export const revokeToken = (id: string) => api.delete(`/api/v1/tokens/${id}`);
export const changeProfile = (profile: Profile) => api.patch<Session["user"]>("/api/v1/me", profile);
export const changePassword = (change: { current?: string; new: string }) => api.put<null>("/api/v1/me/password", change);
export const linkSentry = (token: string) => api.put<LinkedSentry>("/api/v1/me/sentry-token", { token });
export const unlinkSentry = () => api.delete("/api/v1/me/sentry-token");
export const addPerson = (person: NewPerson) => api.post<Person>("/api/v1/people", person);
export const changePerson = ({ id, ...change }: PersonChange & { id: string }) => api.patch<Person>(`/api/v1/people/${id}`, change);
export const removePerson = (id: string) => api.delete(`/api/v1/people/${id}`);
export const giveRole = ({ id, organization, role }: { id: string; organization: string; role: Role | null }) =>
  api.put<Person>(`/api/v1/people/${id}/roles/${encodeURIComponent(organization)}`, { role });
