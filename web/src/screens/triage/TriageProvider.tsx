import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";

import { doneWords, subjectOf } from "@/core/issueWords";
import type { Issue, IssueUpdate } from "@/core/model";
import { applyChanges, type Change } from "@/queries/issueUpdate";
import { useCommands } from "@/ui/commands";

import { type Asked, TriagePicker } from "./TriagePicker";
import { tell } from "./toast";
import { type Target, type Triage, TriageContext } from "./triage";

/** Lets every screen below change issues: at once on screen, undone on failure, with a toast that says what happened. */
export function TriageProvider({ children }: { children: ReactNode }) {
  const queryClient = useQueryClient();
  const lastUndo = useRef<{ changes: readonly Change[]; words: string } | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);

  const undo = useCallback(async () => {
    const last = lastUndo.current;
    if (last === null) return;
    lastUndo.current = null;
    const outcome = await applyChanges(queryClient, last.changes, Date.now());
    tell({ done: outcome.done.length === 0 ? null : `Undone: ${last.words}`, refused: outcome.refused }, null);
  }, [queryClient]);

  const apply = useCallback(
    async (issues: readonly Issue[], update: IssueUpdate, target?: Target) => {
      if (issues.length === 0) return;
      const changes = issues.map((issue): Change => ({ issue, update, ...(target?.assignee === undefined ? {} : { assignee: target.assignee }) }));
      const outcome = await applyChanges(queryClient, changes, Date.now());
      const words = doneWords(update, subjectOf(outcome.done), target?.name);
      if (outcome.done.length > 0) lastUndo.current = { changes: outcome.undo, words };
      tell({ done: outcome.done.length === 0 ? null : words, refused: outcome.refused }, outcome.done.length === 0 ? null : () => void undo());
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

  useCommands([{ id: "triage.undo", label: "Undo the last change", section: "Issues", keys: ["z"], run: () => void undo() }]);

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
