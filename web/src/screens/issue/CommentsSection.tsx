import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { asApiError } from "@/api/error";
import { type Comment, mentionables, mentionedIn } from "@/core/comments";
import { READS_ONLY } from "@/core/people";
import { sentences } from "@/core/sentences";
import { membersQuery, teamsQuery } from "@/queries/organization";
import { addComment, commentsQuery, deleteComment, editComment, hasNoComments } from "@/queries/remarks";
import { useMayTriage } from "@/queries/session";
import { ErrorState } from "@/ui/ErrorState";
import { MarkdownEditor } from "@/ui/MarkdownEditor";
import { useArrivals } from "@/ui/useArrivals";

import classes from "./issue.module.css";
import { Remark } from "./Remark";
import sideClasses from "./side.module.css";

/** The field's id, where the key for a comment puts the focus. */
export const COMMENT_FIELD = "comment-field";

const SHOWN = 5;

/** The conversation about an issue, and the field to join it. */
export function CommentsSection({ issueId }: { issueId: string }) {
  const comments = useQuery(commentsQuery(issueId));
  const may = useMayTriage();
  const [all, setAll] = useState(false);
  const arrived = useArrivals(comments.data, ({ id }) => id);
  return (
    <section aria-labelledby="comments-title" id="comments">
      <h2 id="comments-title" className={classes.sectionTitle}>
        Comments
        {comments.data !== undefined && <span className={classes.count}>{comments.data.length}</span>}
      </h2>
      {comments.isPending && <p className={sideClasses.quiet}>Loading the comments</p>}
      {comments.isError && hasNoComments(comments.error) && <p className={sideClasses.quiet}>{comments.error.status === 501 ? comments.error.message : "This Sentry has no comments on issues."} A note below stays in Dexter.</p>}
      {comments.isError && !hasNoComments(comments.error) && <ErrorState compact error={comments.error} onRetry={() => void comments.refetch()} />}
      {comments.data !== undefined && (
        <>
          {!all && comments.data.length > SHOWN && (
            <button type="button" className={classes.more} onClick={() => setAll(true)}>
              Show {comments.data.length - SHOWN} older
            </button>
          )}
          {(all ? comments.data : comments.data.slice(-SHOWN)).map((comment) => (
            <CommentItem key={comment.id} issueId={issueId} comment={comment} flashes={arrived.has(comment.id)} />
          ))}
          {may ? <NewComment issueId={issueId} /> : <p className={sideClasses.quiet}>{READS_ONLY}</p>}
        </>
      )}
    </section>
  );
}

function useMentionables() {
  const members = useQuery(membersQuery).data;
  const teams = useQuery(teamsQuery).data;
  return useMemo(() => mentionables(members ?? [], teams ?? []), [members, teams]);
}

function NewComment({ issueId }: { issueId: string }) {
  const queryClient = useQueryClient();
  const known = useMentionables();
  const add = useMutation({ mutationFn: (text: string) => addComment(queryClient, issueId, { text, mentions: mentionedIn(text, known) }) });
  const [round, setRound] = useState(0);
  const failure = add.error === null ? null : asApiError(add.error);
  return (
    <>
      <MarkdownEditor
        // Empty again once it was taken; what was refused stays to be sent again.
        key={round}
        fieldId={COMMENT_FIELD}
        label="Comment"
        placeholder="Write a comment for everybody in Sentry"
        send="Comment"
        known={known}
        busy={add.isPending}
        onSend={(text) => add.mutate(text, { onSuccess: () => setRound((now) => now + 1) })}
      />
      {failure !== null && (
        <p role="alert" className={sideClasses.refused}>
          {sentences(failure.message, failure.remedy)}
        </p>
      )}
      <span className="dx-unseen" role="status">
        {add.isSuccess ? "The comment was sent" : ""}
      </span>
    </>
  );
}

function CommentItem({ issueId, comment, flashes }: { issueId: string; comment: Comment; flashes: boolean }) {
  const queryClient = useQueryClient();
  const known = useMentionables();
  const edit = useMutation({ mutationFn: (text: string) => editComment(queryClient, issueId, comment.id, { text, mentions: mentionedIn(text, known) }) });
  const remove = useMutation({ mutationFn: () => deleteComment(queryClient, issueId, comment.id) });
  return (
    <Remark
      author={comment.author}
      at={comment.at}
      text={comment.text}
      noun="comment"
      flashes={flashes}
      aside={comment.edited ? ", edited" : undefined}
      mayChange={useMayTriage() && comment.mayChange}
      busy={remove.isPending}
      error={edit.error ?? remove.error}
      onDelete={() => remove.mutate()}
      edit={(done) => (
        <MarkdownEditor label="Edit the comment" placeholder="Write a comment" send="Save" initial={comment.text} known={known} busy={edit.isPending} focused onSend={(text) => edit.mutate(text, { onSuccess: done })} onCancel={done} />
      )}
    />
  );
}
