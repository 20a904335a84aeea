import { useQueryClient } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useRef, useState } from "react";

import { operationsOf } from "@/core/bulk/job";
import { doneWords, subjectOf } from "@/core/issueWords";
import type { Issue, IssueUpdate } from "@/core/model";
import { applyChanges, type Change } from "@/queries/issueUpdate";
import { useMayTriage } from "@/queries/session";
import { useBulk } from "@/screens/bulk/bulk";
import { useCommands } from "@/ui/commands";

import { LabelPicker } from "./LabelPicker";
import { type Asked, TriagePicker } from "./TriagePicker";
import { tell, tellReader } from "./toast";
import { crowdOf, HANDFUL, isCrowd, type Subjects, type Target, type Triage, TriageContext } from "./triage";

const LabelsDialog = lazy(async () => ({ default: (await import("./LabelsDialog")).LabelsDialog }));
const MergeDialog = lazy(async () => ({ default: (await import("./MergeDialog")).MergeDialog }));

/** What one change is taken back with: each toast undoes its own, `z` the latest and then those before it. */
interface Undo {
  readonly changes: readonly Change[];
  readonly words: string;
}

const MOST_UNDOS = 20;

/** For who only reads: whatever way led here, it ends in a sentence instead of a refusal from afar. */
const READER: Triage = { may: false, apply: async () => Promise.resolve().then(tellReader), choose: tellReader, bulk: tellReader, merge: tellReader };

/** What is open over the screen. */
type Open = { readonly kind: "ask"; readonly asked: Asked } | { readonly kind: "label"; readonly subjects: Subjects; readonly anchor: HTMLElement | null } | { readonly kind: "labels" } | { readonly kind: "merge"; readonly issues: readonly Issue[] };

/** Lets every screen below change issues: at once on screen, undone on failure, with a toast that says what happened; many of them as a job. */
export function TriageProvider({ children }: { children: ReactNode }) {
  const queryClient = useQueryClient();
  const bulk = useBulk();
  const may = useMayTriage();
  const undos = useRef<readonly Undo[]>([]);
  const [open, setOpen] = useState<Open | null>(null);

  const undo = useCallback(
    async (wanted: Undo | undefined) => {
      if (wanted === undefined || !undos.current.includes(wanted)) return;
      undos.current = undos.current.filter((one) => one !== wanted);
      const outcome = await applyChanges(queryClient, wanted.changes, Date.now());
      tell({ done: outcome.done.length === 0 ? null : `Undone: ${wanted.words}`, refused: outcome.refused }, null);
    },
    [queryClient],
  );

  const applyNow = useCallback(
    async (issues: readonly Issue[], update: IssueUpdate, target?: Target) => {
      if (issues.length === 0) return;
      const changes = issues.map((issue): Change => ({ issue, update, ...(target?.assignee === undefined ? {} : { assignee: target.assignee }) }));
      const outcome = await applyChanges(queryClient, changes, Date.now());
      const words = doneWords(update, subjectOf(outcome.done), target?.name);
      const done = outcome.done.length > 0;
      const back: Undo = { changes: outcome.undo, words };
      if (done) undos.current = [...undos.current, back].slice(-MOST_UNDOS);
      tell({ done: done ? words : null, refused: outcome.refused }, done ? () => void undo(back) : null);
    },
    [queryClient, undo],
  );

  const apply = useCallback<Triage["apply"]>(
    async (subjects, update, target) => {
      const crowd = crowdOf(subjects);
      if (crowd !== null) bulk.open(crowd, operationsOf(update));
      else if (!isCrowd(subjects)) await applyNow(subjects, update, target);
    },
    [bulk, applyNow],
  );

  const triage = useMemo<Triage>(() => {
    if (!may) return READER;
    return {
      may,
      apply,
      bulk: bulk.open,
      choose: (what, subjects, anchor = null) => {
        if (!isCrowd(subjects) && subjects.length === 0) return;
        setOpen(what === "label" ? { kind: "label", subjects, anchor } : { kind: "ask", asked: { what, subjects, anchor } });
      },
      merge: (subjects) => {
        if (isCrowd(subjects) || subjects.length > HANDFUL) bulk.open(crowdOf(subjects) ?? { selection: { ids: [] }, total: 0 }, [{ op: "merge" }]);
        else setOpen({ kind: "merge", issues: subjects });
      },
    };
  }, [may, apply, bulk]);

  useCommands([
    { id: "triage.undo", label: "Undo the last change", section: "Issues", run: () => void undo(undos.current.at(-1)) },
    ...(may ? [{ id: "triage.labels", label: "Rename, recolour or delete labels…", section: "Issues", run: () => setOpen({ kind: "labels" }) }] : []),
  ]);

  const close = () => setOpen(null);
  return (
    <TriageContext value={triage}>
      {children}
      {open?.kind === "ask" && (
        <TriagePicker
          asked={open.asked}
          onClose={close}
          onChosen={(update, target) => {
            close();
            void apply(open.asked.subjects, update, target);
          }}
        />
      )}
      {open?.kind === "label" && (
        <LabelPicker
          subjects={open.subjects}
          anchor={open.anchor}
          onClose={close}
          onLabels={() => setOpen({ kind: "labels" })}
          onCrowd={(crowd, add, remove) => {
            close();
            bulk.open(crowd, [{ op: "label", add, remove }]);
          }}
        />
      )}
      {open?.kind === "labels" && (
        <Suspense fallback={null}>
          <LabelsDialog onClose={close} />
        </Suspense>
      )}
      {open?.kind === "merge" && (
        <Suspense fallback={null}>
        <MergeDialog
          issues={open.issues}
          onClose={close}
          onMerged={(parent, others, done) => {
            close();
            bulk.applied([{ op: "merge" }]);
            tell({ done: `${done ? "Merged" : "Sentry is merging"} ${subjectOf(others)} into ${parent.shortId}`, refused: [] }, null);
          }}
        />
        </Suspense>
      )}
    </TriageContext>
  );
}
