import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";

import { api } from "@/api/client";
import type { SuggestedOwner } from "@/core/choices";
import type { Assignee } from "@/core/model";

import { membersQuery, teamsQuery } from "./organization";

/** Who is likely to know about an issue: its code owners, those who committed to it, those who worked on it. */
export function ownersQuery(issueId: string) {
  return queryOptions({
    queryKey: ["issue", issueId, "owners"],
    queryFn: async ({ signal }) => (await api.get<{ suggested: SuggestedOwner[] }>(`/api/v1/issues/${encodeURIComponent(issueId)}/owners`, undefined, signal)).suggested,
    staleTime: 5 * 60_000,
    retry: false,
  });
}

/** Give whom a word stands for, "user:2" or "team:1", as far as the workbench has read of them; else null. */
export function assigneeOf(queryClient: QueryClient, word: unknown): Assignee | null {
  const [type, id] = typeof word === "string" ? word.split(":") : [];
  if (type === "team") {
    const team = queryClient.getQueryData(teamsQuery.queryKey)?.find((one) => one.id === id);
    return team === undefined ? null : { type, id: team.id, name: team.slug };
  }
  const user = queryClient.getQueryData(membersQuery.queryKey)?.find((one) => one.user?.id === id)?.user;
  return type === "user" && user != null ? { type, id: user.id, name: user.name, email: user.email } : null;
}

/** Give the function that names an assignee's word: "user:2" is Grace, "team:1" #checkout. Unknown words stay as they are. */
export function useAssigneeNames(): (word: string) => string {
  const members = useQuery(membersQuery).data;
  const teams = useQuery(teamsQuery).data;
  return useCallback(
    (word) => {
      if (word === "me") return "me";
      const [kind, id] = word.split(":");
      const member = kind === "user" ? members?.find(({ user }) => user?.id === id) : undefined;
      const team = kind === "team" ? teams?.find((one) => one.id === id) : undefined;
      return team === undefined ? (member?.user?.name ?? member?.name ?? word) : `#${team.slug}`;
    },
    [members, teams],
  );
}
