import { ActionIcon } from "@mantine/core";
import { IconPinned, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Note } from "@/core/comments";
import { addNote, deleteNote, editNote, hasNoComments, notesQuery } from "@/queries/remarks";
import { useMayTriage } from "@/queries/session";
import { ErrorState } from "@/ui/ErrorState";
import { MarkdownEditor } from "@/ui/MarkdownEditor";

import classes from "./issue.module.css";
import { Remark } from "./Remark";
import sideClasses from "./side.module.css";

/** Dexter's own notes: what the next person should know. They stay in Dexter; Sentry never sees them. */
export function NotesSection({ issueId }: { issueId: string }) {
  const notes = useQuery(notesQuery(issueId));
  const queryClient = useQueryClient();
  const may = useMayTriage();
  const [writing, setWriting] = useState(false);
  const add = useMutation({ mutationFn: (body: string) => addNote(queryClient, issueId, { body, pinned: false }), onSuccess: () => setWriting(false) });
  if (notes.isError && hasNoComments(notes.error)) return null;
  return (
    <section aria-labelledby="notes-title">
      <div className={sideClasses.head}>
        <h2 id="notes-title" className={classes.sectionTitle}>
          Notes
        </h2>
        {may && (
          <ActionIcon variant="subtle" color="gray" size={24} aria-label="Write a note" data-tip="Stays in Dexter" onClick={() => setWriting(true)}>
            <IconPlus size={14} />
          </ActionIcon>
        )}
      </div>
      {notes.isError && <ErrorState compact error={notes.error} onRetry={() => void notes.refetch()} />}
      {notes.data?.length === 0 && !writing && <p className={sideClasses.quiet}>None. A note stays in Dexter, for the next person who looks.</p>}
      {writing && <MarkdownEditor label="Note" placeholder="What the next person should know" send="Save the note" busy={add.isPending} focused onSend={(body) => add.mutate(body)} onCancel={() => setWriting(false)} />}
      {add.error !== null && <ErrorState compact error={add.error} />}
      {notes.data?.map((note) => <NoteItem key={note.id} issueId={issueId} note={note} />)}
    </section>
  );
}

function NoteItem({ issueId, note }: { issueId: string; note: Note }) {
  const queryClient = useQueryClient();
  const edit = useMutation({ mutationFn: (part: { body?: string; pinned?: boolean }) => editNote(queryClient, issueId, note.id, { body: note.body, pinned: note.pinned, ...part, version: note.version }) });
  const remove = useMutation({ mutationFn: () => deleteNote(queryClient, issueId, note.id) });
  const may = useMayTriage();
  return (
    <div className={note.pinned ? sideClasses.pinned : undefined}>
      <Remark
        author={note.author}
        at={note.at}
        text={note.body}
        noun="note"
        aside={
          note.pinned ? (
            <>
              {" "}
              <IconPinned size={12} aria-hidden /> pinned
            </>
          ) : undefined
        }
        more={
          may ? (
            <button type="button" className={classes.textButton} aria-pressed={note.pinned} onClick={() => edit.mutate({ pinned: !note.pinned })}>
              {note.pinned ? "Unpin" : "Pin"}
            </button>
          ) : undefined
        }
        mayChange={may && note.mayChange}
        busy={remove.isPending}
        error={edit.error ?? remove.error}
        onDelete={() => remove.mutate()}
        edit={(done) => <MarkdownEditor label="Edit the note" placeholder="What the next person should know" send="Save the note" initial={note.body} busy={edit.isPending} focused onSend={(body) => edit.mutate({ body }, { onSuccess: done })} onCancel={done} />}
      />
    </div>
  );
}
