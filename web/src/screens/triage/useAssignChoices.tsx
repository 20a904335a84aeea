import { useQuery } from "@tanstack/react-query";

import { type AssignChoice, assignChoices } from "@/core/choices";
import { ownersQuery } from "@/queries/assignees";
import { membersQuery, teamsQuery } from "@/queries/organization";
import { useSession } from "@/queries/session";
import { Face } from "@/ui/Face";
import type { Choice } from "@/ui/Picker";

interface Offer {
  readonly choices: (typed: string) => AssignChoice[];
  readonly shown: (choice: AssignChoice) => Choice;
  /** What is missing or still on its way. */
  readonly note: string | undefined;
}

/** Give whom issues can be assigned to; for one issue those first who are likely to know about it. */
export function useAssignChoices(issueId: string | null): Offer {
  const session = useSession();
  const members = useQuery(membersQuery);
  const teams = useQuery(teamsQuery);
  const owners = useQuery({ ...ownersQuery(issueId ?? ""), enabled: issueId !== null });
  const failed = members.isError || teams.isError;
  return {
    choices: (typed) => assignChoices(typed, members.data ?? [], teams.data ?? [], issueId === null ? [] : (owners.data ?? [])),
    shown: ({ id, label, section, hint, assignee: who }) => {
      const name = id === "me" ? session.user.name : (who?.name ?? null);
      return { id, label, section, icon: <Face name={name} team={who?.type === "team"} size={20} />, ...(hint === undefined ? {} : { hint }) };
    },
    note: failed ? "The people of this organization could not be loaded" : members.isPending ? "Loading people and teams…" : undefined,
  };
}
