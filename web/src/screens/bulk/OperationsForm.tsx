import { Button, SegmentedControl } from "@mantine/core";
import { IconSelector } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { type Flag, type Operation, withOperation } from "@/core/bulk/job";
import { operationWords } from "@/core/bulk/words";
import { archiveChoices, matches, resolveChoices } from "@/core/choices";
import { PRIORITIES } from "@/core/issuePatch";
import { priorityWord } from "@/core/issueWords";
import { useAssigneeNames } from "@/queries/assignees";
import { labelsQuery } from "@/queries/labels";
import { LabelDot } from "@/ui/LabelChip";
import { type Choice, Picker } from "@/ui/Picker";

import { PriorityMark } from "../triage/PriorityMark";
import { useAssignChoices } from "../triage/useAssignChoices";
import { useReleases } from "../triage/useReleases";
import classes from "./bulk.module.css";

interface Props {
  /** The one project that all issues are of; null when they are of several. */
  project: string | null;
  operations: readonly Operation[];
  onChange: (operations: Operation[]) => void;
}

/** What to do with every issue of a job: any mix of changes, or one of those that end an issue. */
export function OperationsForm({ project, operations, onChange }: Props) {
  const nameOf = useAssigneeNames();
  const set = (added: Operation) => onChange(withOperation(operations, added));
  const unset = (op: Operation["op"]) => onChange(operations.filter((operation) => operation.op !== op));
  const wordsOf = (op: Operation["op"]): string | null => {
    const found = operations.find((operation) => operation.op === op);
    return found === undefined ? null : operationWords(found, nameOf);
  };
  const row = { onUnset: unset, wordsOf, onSet: set };
  return (
    <div className={classes.form}>
      <StatusRow {...row} project={project} />
      <AssignRow {...row} />
      <PriorityRow {...row} />
      <LabelRow {...row} side="add" operations={operations} />
      <LabelRow {...row} side="remove" operations={operations} />
      {FLAGS.map(([op, label, on, off]) => (
        <FlagRow key={op} op={op} label={label} on={on} off={off} operations={operations} {...row} />
      ))}
      <FinalRow operations={operations} {...row} />
    </div>
  );
}

interface RowProps {
  wordsOf: (op: Operation["op"]) => string | null;
  onSet: (operation: Operation) => void;
  onUnset: (op: Operation["op"]) => void;
}

const LEAVE = "leave";

interface PickRowProps {
  label: string;
  /** What is chosen; null leaves it as it is. */
  words: string | null;
  choices: (typed: string) => readonly Choice[];
  note?: string | undefined;
  onChoose: (id: string) => void;
  onLeave: () => void;
}

function PickRow({ label, words, choices, note, onChoose, onLeave }: PickRowProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <FormRow label={label}>
      <Button
        variant="default"
        size="compact-md"
        h={32}
        className={classes.pick}
        data-set={words !== null || undefined}
        rightSection={<IconSelector size={14} />}
        aria-haspopup="dialog"
        aria-label={`${label}: ${words ?? "leave as it is"}`}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        {words ?? "Leave as it is"}
      </Button>
      {anchor !== null && (
        <Picker
          anchor={anchor}
          title={label}
          placeholder={`${label}…`}
          choices={(typed) => [...choices(typed), ...(words !== null && matches(typed, "Leave as it is") ? [{ id: LEAVE, label: "Leave as it is", section: "Or" }] : [])]}
          onChoose={({ id }) => {
            setAnchor(null);
            if (id === LEAVE) onLeave();
            else onChoose(id);
          }}
          onClose={() => setAnchor(null)}
          {...(note === undefined ? {} : { note })}
        />
      )}
    </FormRow>
  );
}

function FormRow({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes.formRow} role="group" aria-label={label}>
      <span aria-hidden>{label}</span>
      <div>{children}</div>
    </div>
  );
}

function StatusRow({ wordsOf, onSet, onUnset, project }: RowProps & { project: string | null }) {
  const { releases } = useReleases(project);
  const choices = (typed: string): Choice[] => [
    ...resolveChoices(typed, releases).map(({ id, label, section }) => ({ id: `resolve ${id}`, label: section === "Resolve" ? `Resolve ${label.toLowerCase()}` : label, section: section === "Resolve" ? section : `Resolve ${section.toLowerCase()}` })),
    ...(matches(typed, "Reopen") ? [{ id: "reopen", label: "Reopen", section: "Reopen" }] : []),
    ...archiveChoices(typed).map(({ label, section }) => ({ id: `archive ${label}`, label: section === "Archive" ? `Archive ${label.toLowerCase()}` : label, section: section === "Archive" ? section : `Archive ${section.toLowerCase()}` })),
  ];
  const choose = (id: string) => {
    if (id === "reopen") {
      onSet({ op: "status", status: "unresolved" });
      return;
    }
    const name = id.slice(id.indexOf(" ") + 1);
    if (id.startsWith("resolve ")) {
      const resolve = resolveChoices(name.startsWith("commit:") ? name.slice("commit:".length) : "", releases).find((choice) => choice.id === name)?.mode;
      if (resolve !== undefined) onSet({ op: "status", status: "resolved", resolve });
      return;
    }
    const archive = archiveChoices(name).find(({ label }) => label === name)?.mode;
    if (archive !== undefined) onSet({ op: "status", status: "archived", archive });
  };
  return <PickRow label="State" words={wordsOf("status")} choices={choices} onChoose={choose} onLeave={() => onUnset("status")} note="Or type your own: “3 days”, “50 events in 1 hour”" />;
}

function AssignRow({ wordsOf, onSet, onUnset }: RowProps) {
  const { choices, shown, note } = useAssignChoices(null);
  return (
    <PickRow
      label="Assignee"
      words={wordsOf("assign")}
      choices={(typed) => choices(typed).map(shown)}
      note={note}
      onChoose={(id) => {
        const choice = choices("").find((one) => one.id === id);
        if (choice !== undefined) onSet({ op: "assign", assignee: choice.word });
      }}
      onLeave={() => onUnset("assign")}
    />
  );
}

function PriorityRow({ wordsOf, onSet, onUnset }: RowProps) {
  return (
    <PickRow
      label="Priority"
      words={wordsOf("priority")}
      choices={(typed) => PRIORITIES.filter((one) => matches(typed, one)).map((one) => ({ id: one, label: priorityWord(one), icon: <PriorityMark priority={one} /> }))}
      onChoose={(id) => {
        const priority = PRIORITIES.find((one) => one === id);
        if (priority !== undefined) onSet({ op: "priority", priority });
      }}
      onLeave={() => onUnset("priority")}
    />
  );
}

function LabelRow({ side, operations, onSet, onUnset }: RowProps & { side: "add" | "remove"; operations: readonly Operation[] }) {
  const labels = useQuery(labelsQuery);
  const held = operations.find((operation) => operation.op === "label");
  const { add = [], remove = [] } = held ?? {};
  const chosen = side === "add" ? add : remove;
  const put = (names: readonly string[]) => {
    const next = side === "add" ? { add: names, remove: remove.filter((name) => !names.includes(name)) } : { remove: names, add: add.filter((name) => !names.includes(name)) };
    if (next.add.length + next.remove.length === 0) onUnset("label");
    else onSet({ op: "label", ...next });
  };
  const known = labels.data ?? [];
  return (
    <PickRow
      label={side === "add" ? "Add labels" : "Remove labels"}
      words={chosen.length === 0 ? null : chosen.join(", ")}
      choices={(typed) => known.filter(({ name }) => !chosen.includes(name) && matches(typed, name)).map(({ name, color }) => ({ id: name, label: name, icon: <LabelDot color={color} /> }))}
      note={labels.isError ? "The labels could not be loaded" : known.length === 0 ? "There are no labels yet. Make one on an issue with l." : undefined}
      onChoose={(name) => put([...chosen, name])}
      onLeave={() => put([])}
    />
  );
}

const FLAGS: readonly (readonly [Flag, label: string, on: string, off: string])[] = [
  ["seen", "Seen", "Seen", "Unseen"],
  ["bookmark", "Bookmark", "Bookmarked", "Not"],
  ["subscribe", "Subscription", "Subscribed", "Not"],
];

function FlagRow({ op, label, on, off, operations, onSet, onUnset }: RowProps & { op: Flag; label: string; on: string; off: string; operations: readonly Operation[] }) {
  const held = operations.find((operation) => operation.op === op);
  const value = held === undefined || !("value" in held) ? LEAVE : String(held.value);
  return (
    <FormRow label={label}>
      <SegmentedControl
        size="xs"
        aria-label={label}
        value={value}
        onChange={(next) => (next === LEAVE ? onUnset(op) : onSet({ op, value: next === "true" }))}
        data={[
          { value: LEAVE, label: "Leave" },
          { value: "true", label: on },
          { value: "false", label: off },
        ]}
      />
    </FormRow>
  );
}

const FINALS = [
  { op: "merge", label: "Merge into one" },
  { op: "delete", label: "Delete" },
  { op: "discard", label: "Delete and discard" },
] as const;

/** What leaves nothing for another change to do. */
function FinalRow({ operations, onSet, onUnset }: RowProps & { operations: readonly Operation[] }) {
  const held = FINALS.find(({ op }) => operations.some((operation) => operation.op === op));
  return (
    <FormRow label="Instead of all that">
      <SegmentedControl
        size="xs"
        aria-label="Instead of all that"
        className={classes.finals}
        value={held?.op ?? LEAVE}
        onChange={(next) => {
          const wanted = FINALS.find(({ op }) => op === next);
          if (wanted !== undefined) onSet({ op: wanted.op });
          else if (held !== undefined) onUnset(held.op);
        }}
        data={[{ value: LEAVE, label: "Nothing" }, ...FINALS.map(({ op, label }) => ({ value: op, label }))]}
      />
    </FormRow>
  );
}
