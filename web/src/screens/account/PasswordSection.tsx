import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Session } from "@/api/model";
import { passwordFault } from "@/core/people";
import { changePassword, sessionsQuery } from "@/queries/people";
import { sessionQuery } from "@/queries/session";

import classes from "./account.module.css";
import { sayDone, toldOf } from "./said";
import { Section } from "./Section";

/** A new password; every other session ends with it. */
export function PasswordSection({ user }: { user: Session["user"] }) {
  const queryClient = useQueryClient();
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [repeated, setRepeated] = useState("");
  const [tried, setTried] = useState(false);
  const fault = passwordFault(wanted, repeated);
  const change = useMutation({
    mutationFn: changePassword,
    onSuccess: async () => {
      queryClient.setQueryData(sessionQuery.queryKey, (session) => session && { ...session, user: { ...session.user, has_password: true } });
      [setCurrent, setWanted, setRepeated].forEach((empty) => empty(""));
      setTried(false);
      sayDone("Your password is set. You are signed out everywhere else.");
      await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
  });
  if (user.email === null || user.email === undefined) {
    return (
      <Section title="Password" about="A password needs an e-mail address to sign in with. Give yours under Profile first.">
        {null}
      </Section>
    );
  }
  return (
    <Section title="Password" about={user.has_password === true ? "A new one signs you out everywhere else." : "You have none yet, so that you sign in with the token that Dexter printed."}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (fault === null) change.mutate({ new: wanted, ...(current === "" ? {} : { current }) });
        }}
      >
        {/* For password managers, which keep an address and a password together. */}
        <input type="hidden" autoComplete="username" value={user.email} readOnly />
        {user.has_password === true && (
          <PasswordInput label="Present password" required withAsterisk={false} autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} error={toldOf(change.error)} />
        )}
        <PasswordInput label="New password" required withAsterisk={false} autoComplete="new-password" value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} error={tried ? (fault ?? undefined) : undefined} />
        <PasswordInput label="New password again" required withAsterisk={false} autoComplete="new-password" value={repeated} onChange={(event) => setRepeated(event.currentTarget.value)} />
        {user.has_password !== true && change.isError && <p role="alert">{toldOf(change.error)}</p>}
        <div>
          <Button type="submit" variant="default" loading={change.isPending}>
            {user.has_password === true ? "Change the password" : "Set a password"}
          </Button>
        </div>
      </form>
    </Section>
  );
}
