import { useQuery } from "@tanstack/react-query";

import { type AssignChoice, archiveChoices, assignChoices, matches, resolveChoices } from "@/core/choices";
import { PRIORITIES } from "@/core/issuePatch";
import { priorityWord, subjectOf } from "@/core/issueWords";
import type { Issue, IssueUpdate } from "@/core/model";
import { membersQuery, releasesQuery, teamsQuery } from "@/queries/organization";
import { useSession } from "@/queries/session";
import { Face } from "@/ui/Face";
import { type Choice, Picker } from "@/ui/Picker";

import { PriorityMark } from "./PriorityMark";
import type { Question, Target } from "./triage";

export interface Asked {
  readonly what: Question;
  readonly issues: readonly Issue[];
  readonly anchor: HTMLElement | null;
}

interface Props {
  asked: Asked;
  onClose: () => void;
  onChosen: (update: IssueUpdate, target?: Target) => void;
}

/** The picker behind resolve, archive, assign and priority. */
export function TriagePicker({ asked, ...rest }: Props) {
  const subject = subjectOf(asked.issues);
  switch (asked.what) {
    case "resolve":
      return <ResolvePicker subject={subject} anchor={asked.anchor} {...rest} />;
    case "archive":
      return <ArchivePicker subject={subject} anchor={asked.anchor} {...rest} />;
    case "assign":
      return <AssignPicker subject={subject} anchor={asked.anchor} {...rest} />;
    case "priority":
      return <PriorityPicker subject={subject} anchor={asked.anchor} {...rest} />;
  }
}

interface PartProps extends Omit<Props, "asked"> {
  subject: string;
  anchor: HTMLElement | null;
}

function ArchivePicker({ subject, anchor, onClose, onChosen }: PartProps) {
  return (
    <Picker
      anchor={anchor}
      title={`Archive ${subject}`}
      placeholder={`Archive ${subject}…`}
      note="Or type your own: “3 days”, “50 events in 1 hour”, “20 users”"
      choices={(typed) => archiveChoices(typed).map(({ label, section }) => ({ id: label, label, section }))}
      onChoose={(choice) => {
        const mode = archiveChoices(choice.label).find(({ label }) => label === choice.label)?.mode;
        if (mode !== undefined) onChosen({ status: "archived", archive: mode });
      }}
      onClose={onClose}
    />
  );
}

function ResolvePicker({ subject, anchor, onClose, onChosen }: PartProps) {
  const releases = useQuery(releasesQuery);
  const choices = (typed: string) => resolveChoices(typed, releases.data ?? []);
  return (
    <Picker
      anchor={anchor}
      title={`Resolve ${subject}`}
      placeholder={`Resolve ${subject}…`}
      choices={(typed) => choices(typed).map(({ id, label, section }) => ({ id, label, section }))}
      onChoose={({ id }) => {
        const mode = choices("").find((choice) => choice.id === id)?.mode;
        if (mode !== undefined) onChosen({ status: "resolved", resolve: mode });
      }}
      onClose={onClose}
      {...(releases.isPending ? { note: "Loading the releases…" } : {})}
    />
  );
}

function AssignPicker({ subject, anchor, onClose, onChosen }: PartProps) {
  const session = useSession();
  const members = useQuery(membersQuery);
  const teams = useQuery(teamsQuery);
  const failed = members.isError || teams.isError;
  const choices = (typed: string) => assignChoices(typed, members.data ?? [], teams.data ?? []);
  const note = failed ? "The people of this organization could not be loaded" : members.isPending ? "Loading people and teams…" : undefined;
  return (
    <Picker
      anchor={anchor}
      title={`Assign ${subject}`}
      placeholder={`Assign ${subject} to…`}
      choices={(typed) => choices(typed).map((choice) => assignee(choice, session.user.name))}
      onChoose={({ id }) => {
        const choice = choices("").find((one) => one.id === id);
        if (choice === undefined) return;
        onChosen({ assignee: choice.word }, { name: choice.name, ...(choice.assignee === undefined ? {} : { assignee: choice.assignee }) });
      }}
      onClose={onClose}
      {...(note === undefined ? {} : { note })}
    />
  );
}

function assignee({ id, label, section, hint, assignee: who }: AssignChoice, ownName: string | null): Choice {
  const name = id === "me" ? ownName : (who?.name ?? null);
  return { id, label, section, icon: <Face name={name} team={who?.type === "team"} size={20} />, ...(hint === undefined ? {} : { hint }) };
}

function PriorityPicker({ subject, anchor, onClose, onChosen }: PartProps) {
  return (
    <Picker
      anchor={anchor}
      title={`Priority of ${subject}`}
      placeholder={`Priority of ${subject}…`}
      choices={(typed) =>
        PRIORITIES.filter((priority) => matches(typed, priority)).map((priority) => ({
          id: priority,
          label: priorityWord(priority),
          icon: <PriorityMark priority={priority} />,
        }))
      }
      onChoose={({ id }) => {
        const priority = PRIORITIES.find((one) => one === id);
        if (priority !== undefined) onChosen({ priority });
      }}
      onClose={onClose}
    />
  );
}
