import { Button, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";

import { counted } from "@/core/format";
import { type Label, LABEL_COLORS, newLabelName } from "@/core/labels";
import { changeLabel, deleteLabel, labelsQuery } from "@/queries/labels";
import { sayDone, toldOf } from "@/screens/account/said";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { LabelDot } from "@/ui/LabelChip";

import classes from "./triage.module.css";

/** All labels: what they are called, how they look, on how many issues they are; and their end. */
export function LabelsDialog({ onClose }: { onClose: () => void }) {
  // On how many issues each is, changes with every label that is put on or taken off.
  const labels = useQuery({ ...labelsQuery, refetchOnMount: "always" });
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Dialog title="Labels" from={narrow ? "below" : "middle"} size={520} onClose={onClose}>
      {labels.isPending && (
        <p className={classes.quiet} role="status">
          Loading the labels
        </p>
      )}
      {labels.isLoadingError && <ErrorState compact error={labels.error} onRetry={() => void labels.refetch()} />}
      {labels.data?.length === 0 && <p className={classes.quiet}>There are none yet. The first is made on an issue, with the key l.</p>}
      {labels.data !== undefined && labels.data.length > 0 && (
        <ul className={classes.labels}>
          {labels.data.map((label) => (
            <li key={label.id}>
              {open === label.id ? (
                <LabelForm label={label} others={labels.data.filter(({ id }) => id !== label.id)} onDone={() => setOpen(null)} />
              ) : (
                <div className={classes.label}>
                  <LabelDot color={label.color} />
                  <span>{label.name}</span>
                  <small>{counted(label.issues ?? 0, "issue")}</small>
                  <Button size="compact-sm" variant="default" aria-label={`Change ${label.name}`} onClick={() => setOpen(label.id)}>
                    Change
                  </Button>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

interface FormProps {
  label: Label;
  others: readonly Label[];
  onDone: () => void;
}

/** One label's name and colour; its end asks twice, for it takes the label from every issue. */
function LabelForm({ label, others, onDone }: FormProps) {
  const queryClient = useQueryClient();
  const group = useId();
  const [name, setName] = useState(label.name);
  const [color, setColor] = useState(label.color);
  const [sure, setSure] = useState(false);
  const change = useMutation({
    mutationFn: () => changeLabel(queryClient, label, { name: name.trim(), color }),
    onSuccess: () => {
      sayDone(`The label ${name.trim()} is changed on all its issues.`);
      onDone();
    },
  });
  const remove = useMutation({
    mutationFn: () => deleteLabel(queryClient, label),
    onSuccess: () => {
      sayDone(`The label ${label.name} is deleted.`);
      onDone();
    },
  });
  const named = newLabelName(name, others) !== null;
  const fault = named || name.trim() === "" ? undefined : "Another label is called so, or it is no name for one.";
  const changed = name.trim() !== label.name || color !== label.color;
  const known = LABEL_COLORS.some((one) => one.color === label.color);
  const colors = known ? LABEL_COLORS : [{ name: "As it is", color: label.color }, ...LABEL_COLORS];
  return (
    <form
      className={classes.labelForm}
      aria-label={`The label ${label.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (named && changed) change.mutate();
      }}
    >
      <TextInput size="xs" label="Name" data-autofocus autoFocus maxLength={64} value={name} error={fault} onChange={(event) => setName(event.currentTarget.value)} />
      <fieldset className={classes.colors}>
        <legend>Colour</legend>
        {colors.map((one) => (
          <label key={one.color} data-tip={one.name}>
            <input type="radio" name={group} checked={color === one.color} aria-label={one.name} onChange={() => setColor(one.color)} />
            <LabelDot color={one.color} />
          </label>
        ))}
      </fieldset>
      <div className={classes.labelDeeds}>
        <Button size="xs" type="submit" loading={change.isPending} disabled={!named || !changed}>
          Save
        </Button>
        <Button size="xs" variant="default" onClick={onDone}>
          Cancel
        </Button>
        {sure ? (
          <Button size="xs" color="red" autoContrast={false} loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete from {counted(label.issues ?? 0, "issue")}
          </Button>
        ) : (
          <Button size="xs" variant="default" onClick={() => setSure(true)}>
            Delete…
          </Button>
        )}
      </div>
      {(change.isError || remove.isError) && <p role="alert">{toldOf(change.error ?? remove.error)}</p>}
    </form>
  );
}
