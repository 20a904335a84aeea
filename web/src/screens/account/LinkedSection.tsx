import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { LinkedSentry } from "@/core/people";
import { linkSentry, unlinkSentry } from "@/queries/people";
import { sessionQuery } from "@/queries/session";

import classes from "./account.module.css";
import { sayDone, sayFailed, toldOf } from "./said";
import { Section } from "./Section";

/** The reader's own Sentry token: with it, what they change carries their name at Sentry. */
export function LinkedSection({ linked }: { linked: LinkedSentry | null }) {
  const queryClient = useQueryClient();
  const [token, setToken] = useState("");
  const become = (known: LinkedSentry | null) =>
    queryClient.setQueryData(sessionQuery.queryKey, (session) => session && { ...session, user: { ...session.user, linked_sentry: known } });
  const link = useMutation({
    mutationFn: linkSentry,
    onSuccess: (known) => {
      become(known);
      setToken("");
      sayDone(`Linked: at Sentry you act as ${known.name ?? "yourself"}.`);
    },
  });
  const unlink = useMutation({
    mutationFn: unlinkSentry,
    onSuccess: () => {
      become(null);
      sayDone("The link is removed. Dexter acts for you again.");
    },
    onError: sayFailed,
  });
  if (linked !== null) {
    const name = linked.name ?? linked.email ?? "yourself";
    return (
      <Section title="Your Sentry token" about={`Linked: what you change carries the name ${name} at Sentry. It is kept encrypted, and used for your changes only.`}>
        <div>
          <Button variant="default" loading={unlink.isPending} onClick={() => unlink.mutate()}>
            Remove the link
          </Button>
        </div>
      </Section>
    );
  }
  return (
    <Section
      title="Your Sentry token"
      about="Without one, Dexter's own credential makes your changes at Sentry, and comments say on whose behalf. With one they are yours. Make it in Sentry under User settings, Personal tokens, with the scope event:write."
    >
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") link.mutate(token.trim());
        }}
      >
        <PasswordInput
          label="Sentry token"
          required
          withAsterisk={false}
          autoComplete="off"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          error={toldOf(link.error)}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the Sentry token", tabIndex: 0 }}
        />
        <div>
          <Button type="submit" variant="default" loading={link.isPending}>
            Link it
          </Button>
        </div>
      </form>
    </Section>
  );
}
