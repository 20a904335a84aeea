import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";

import { doneWords, subjectOf } from "@/core/issueWords";
import type { Issue, IssueUpdate } from "@/core/model";
import { applyChanges, type Change } from "@/queries/issueUpdate";
import { useCommands } from "@/ui/commands";

import { type Asked, TriagePicker } from "./TriagePicker";
import { tell } from "./toast";
import { type Target, type Triage, TriageContext } from "./triage";

/** What one change is taken back with: each toast undoes its own, `z` the latest and then those before it. */
interface Undo {
  readonly changes: readonly Change[];
  readonly words: string;
}

const MOST_UNDOS = 20;

/** Lets every screen below change issues: at once on screen, undone on failure, with a toast that says what happened. */
export function TriageProvider({ children }: { children: ReactNode }) {
  const queryClient = useQueryClient();
  const undos = useRef<readonly Undo[]>([]);
  const [asked, setAsked] = useState<Asked | null>(null);

  const undo = useCallback(
    async (wanted: Undo | undefined) => {
      if (wanted === undefined || !undos.current.includes(wanted)) return;
      undos.current = undos.current.filter((one) => one !== wanted);
      const outcome = await applyChanges(queryClient, wanted.changes, Date.now());
      tell({ done: outcome.done.length === 0 ? null : `Undone: ${wanted.words}`, refused: outcome.refused }, null);
    },
    [queryClient],
  );

  const apply = useCallback(
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

  const triage = useMemo<Triage>(
    () => ({
      apply,
      choose: (what, issues, anchor = null) => {
        if (issues.length > 0) setAsked({ what, issues, anchor });
      },
    }),
    [apply],
  );

  useCommands([{ id: "triage.undo", label: "Undo the last change", section: "Issues", keys: ["z"], run: () => void undo(undos.current.at(-1)) }]);

  return (
    <TriageContext value={triage}>
      {children}
      {asked !== null && (
        <TriagePicker
          asked={asked}
          onClose={() => setAsked(null)}
          onChosen={(update, target) => {
            setAsked(null);
            void apply(asked.issues, update, target);
          }}
        />
      )}
    </TriageContext>
  );
}
