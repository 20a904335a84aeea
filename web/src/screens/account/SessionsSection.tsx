import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { browserWords, type OpenSession } from "@/core/people";
import { endOtherSessions, endSession, sessionsQuery } from "@/queries/people";
import { Ago } from "@/ui/Ago";
import { ErrorState } from "@/ui/ErrorState";

import classes from "./account.module.css";
import { sayDone, sayFailed } from "./said";
import { Section } from "./Section";

/** Where the reader is signed in, and the way out of each. */
export function SessionsSection() {
  const queryClient = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const settled = {
    onError: sayFailed,
    onSettled: () => queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  };
  const end = useMutation({ mutationFn: endSession, onSuccess: () => sayDone("That session has ended."), ...settled });
  const endAll = useMutation({ mutationFn: endOtherSessions, onSuccess: () => sayDone("You are signed out everywhere else."), ...settled });
  const others = sessions.data?.filter((each) => !each.current).length ?? 0;
  return (
    <Section title="Sessions" about="Where you are signed in. What you end here is refused everywhere within a second.">
      {sessions.isPending && <p role="status">Loading your sessions</p>}
      {sessions.isLoadingError && <ErrorState compact error={sessions.error} onRetry={() => void sessions.refetch()} />}
      {sessions.data?.length === 0 && <p className={classes.quiet}>You came with a token and not by signing in, so there is no session.</p>}
      {sessions.data !== undefined && sessions.data.length > 0 && (
        <ul className={classes.list}>
          {sessions.data.map((each) => (
            <li key={each.id}>
              <SessionWords session={each} />
              {!each.current && (
                <Button size="xs" variant="default" loading={end.isPending && end.variables === each.id} onClick={() => end.mutate(each.id)} aria-label={`End the session of ${browserWords(each.user_agent)}`}>
                  End
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {others > 0 && (
        <div>
          <Button variant="default" loading={endAll.isPending} onClick={() => endAll.mutate()}>
            Sign out everywhere else
          </Button>
        </div>
      )}
    </Section>
  );
}

function SessionWords({ session }: { session: OpenSession }) {
  return (
    <div>
      {browserWords(session.user_agent)}
      {session.current && " (this one)"}
      <small>
        {session.address === "" ? "Unknown address" : session.address} · seen <Ago iso={session.last_seen_at} /> · by {session.opened_with === "token" ? "the printed token" : "password"}
      </small>
    </div>
  );
}
