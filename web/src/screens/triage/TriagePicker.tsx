import { archiveChoices, matches, resolveChoices } from "@/core/choices";
import { PRIORITIES } from "@/core/issuePatch";
import { priorityWord } from "@/core/issueWords";
import type { IssueUpdate } from "@/core/model";
import { Picker } from "@/ui/Picker";

import { PriorityMark } from "./PriorityMark";
import { subjectWords } from "./subjects";
import { isCrowd, projectOf, type Question, type Subjects, type Target } from "./triage";
import { useAssignChoices } from "./useAssignChoices";
import { useReleases } from "./useReleases";

export interface Asked {
  readonly what: Exclude<Question, "label">;
  readonly subjects: Subjects;
  readonly anchor: HTMLElement | null;
}

interface Props {
  asked: Asked;
  onClose: () => void;
  onChosen: (update: IssueUpdate, target?: Target) => void;
}

/** The picker behind resolve, archive, assign and priority. */
export function TriagePicker({ asked, ...rest }: Props) {
  const subject = subjectWords(asked.subjects);
  switch (asked.what) {
    case "resolve":
      return <ResolvePicker subject={subject} project={projectOf(asked.subjects)} anchor={asked.anchor} {...rest} />;
    case "archive":
      return <ArchivePicker subject={subject} anchor={asked.anchor} {...rest} />;
    case "assign":
      return <AssignPicker subject={subject} anchor={asked.anchor} issueId={onlyId(asked.subjects)} {...rest} />;
    case "priority":
      return <PriorityPicker subject={subject} anchor={asked.anchor} {...rest} />;
  }
}

/** Give the id of the one issue it is about; several have no owners in common to suggest. */
const onlyId = (subjects: Subjects): string | null => (isCrowd(subjects) || subjects.length !== 1 ? null : (subjects[0]?.id ?? null));

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

function ResolvePicker({ subject, project, anchor, onClose, onChosen }: PartProps & { project: string | null }) {
  const { releases, note } = useReleases(project);
  const choices = (typed: string) => resolveChoices(typed, releases);
  return (
    <Picker
      anchor={anchor}
      title={`Resolve ${subject}`}
      placeholder={`Resolve ${subject}…`}
      choices={(typed) => choices(typed).map(({ id, label, section }) => ({ id, label, section }))}
      onChoose={({ id }) => {
        const typed = id.startsWith("commit:") ? id.slice("commit:".length) : "";
        const mode = choices(typed).find((choice) => choice.id === id)?.mode;
        if (mode !== undefined) onChosen({ status: "resolved", resolve: mode });
      }}
      onClose={onClose}
      note={note ?? "Or type a commit with its repository: “acme/shop@a1b2c3d”"}
    />
  );
}

function AssignPicker({ subject, anchor, issueId, onClose, onChosen }: PartProps & { issueId: string | null }) {
  const { choices, shown, note } = useAssignChoices(issueId);
  return (
    <Picker
      anchor={anchor}
      title={`Assign ${subject}`}
      placeholder={`Assign ${subject} to…`}
      choices={(typed) => choices(typed).map(shown)}
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
