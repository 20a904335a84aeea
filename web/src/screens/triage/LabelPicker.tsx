import { IconCheck, IconMinus, IconPencil, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { asApiError } from "@/api/error";
import { matches } from "@/core/choices";
import { heldBy, type Label, LABEL_COLORS, newLabelName } from "@/core/labels";
import { sentences } from "@/core/sentences";
import { createLabel, labelIssues, labelsQuery, useMarks } from "@/queries/labels";
import { LabelDot } from "@/ui/LabelChip";
import { type Choice, Picker } from "@/ui/Picker";

import { subjectWords } from "./subjects";
import { tell } from "./toast";
import { crowdOf, isCrowd, type Crowd, type Subjects } from "./triage";

const EDIT = "Rename, recolour or delete labels…";

interface Props {
  subjects: Subjects;
  anchor: HTMLElement | null;
  onCrowd: (crowd: Crowd, add: readonly string[], remove: readonly string[]) => void;
  /** Leads to the labels themselves. */
  onLabels: () => void;
  onClose: () => void;
}

/** Put labels on issues, take them off, or make a new one. Stays open, since labels come in twos and threes. */
export function LabelPicker({ subjects, anchor, onCrowd, onLabels, onClose }: Props) {
  const queryClient = useQueryClient();
  const labels = useQuery(labelsQuery);
  const crowd = crowdOf(subjects);
  const issues = isCrowd(subjects) || crowd !== null ? [] : subjects;
  const ids = useMemo(() => (isCrowd(subjects) || crowdOf(subjects) !== null ? [] : subjects.map(({ id }) => id)), [subjects]);
  const marks = useMarks(ids);
  const [naming, setNaming] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const known = labels.data ?? [];
  const held = (name: string) => heldBy(name, issues.map(({ id }) => marks.get(id) ?? { labels: [], notes: 0 }));

  const apply = async (label: Pick<Label, "name" | "color">, on: boolean) => {
    if (crowd !== null) {
      onCrowd(crowd, on ? [label.name] : [], on ? [] : [label.name]);
      return;
    }
    const { refused } = await labelIssues(queryClient, issues, label, on);
    if (refused.length > 0) tell({ done: null, refused }, null);
  };
  const create = async (name: string, color: string) => {
    setNaming(null);
    try {
      await apply(await createLabel(queryClient, name, color), true);
    } catch (error) {
      const failure = asApiError(error);
      setTrouble(sentences(failure.message, failure.remedy));
    }
  };

  const subject = subjectWords(subjects);
  if (naming !== null) {
    return (
      <Picker
        key="color"
        anchor={anchor}
        title={`Colour of ${naming}`}
        placeholder={`Colour of ${naming}…`}
        choices={(typed) => LABEL_COLORS.filter(({ name }) => matches(typed, name)).map(({ name, color }) => ({ id: color, label: name, icon: <LabelDot color={color} /> }))}
        onChoose={({ id }) => void create(naming, id)}
        onClose={() => setNaming(null)}
      />
    );
  }
  const choices = (typed: string): Choice[] => {
    const name = newLabelName(typed, known);
    const fitting = known.filter((label) => matches(typed, label.name));
    return [
      ...fitting.map((label) => ({ id: `add ${label.name}`, label: label.name, icon: <LabelState color={label.color} state={crowd === null ? held(label.name) : "none"} />, section: crowd === null ? "Labels" : "Add" })),
      ...(crowd === null ? [] : fitting.map((label) => ({ id: `remove ${label.name}`, label: label.name, icon: <LabelState color={label.color} state="none" />, section: "Remove" }))),
      ...(name === null ? [] : [{ id: "new", label: `Make the label “${name}”`, icon: <IconPlus size={14} aria-hidden />, section: "New" }]),
      ...(known.length === 0 || !matches(typed, EDIT) ? [] : [{ id: "edit", label: EDIT, icon: <IconPencil size={14} aria-hidden />, section: "All labels" }]),
    ];
  };
  const note = trouble ?? (labels.isPending ? "Loading the labels…" : labels.isError ? "The labels could not be loaded" : known.length === 0 ? "Type a name to make the first label" : undefined);
  return (
    <Picker
      key="labels"
      anchor={anchor}
      title={`Labels of ${subject}`}
      placeholder={`Labels of ${subject}…`}
      choices={choices}
      isChosen={(id) => crowd === null && held(id.slice("add ".length)) === "all"}
      onChoose={({ id, label }) => {
        if (id === "edit") {
          onLabels();
          return;
        }
        if (id === "new") {
          setNaming(label.slice("Make the label “".length, -1));
          return;
        }
        const [deed, name] = [id.slice(0, id.indexOf(" ")), id.slice(id.indexOf(" ") + 1)];
        const found = known.find((one) => one.name === name);
        if (found !== undefined) void apply(found, crowd === null ? held(name) !== "all" : deed === "add");
      }}
      onClose={onClose}
      {...(note === undefined ? {} : { note })}
    />
  );
}

function LabelState({ color, state }: { color: string; state: "all" | "some" | "none" }) {
  return (
    <span style={{ display: "inline-flex", alignItems: "center", gap: 8 }} aria-hidden>
      {state === "all" ? <IconCheck size={14} stroke={2} /> : state === "some" ? <IconMinus size={14} stroke={2} /> : <span style={{ width: 14 }} />}
      <LabelDot color={color} />
    </span>
  );
}
