import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Session } from "@/api/model";
import { changeProfile, type Profile } from "@/queries/people";
import { sessionQuery } from "@/queries/session";

import classes from "./account.module.css";
import { sayDone, toldOf } from "./said";
import { Section } from "./Section";

/** What others see the reader under, and what the reader signs in with. */
export function ProfileSection({ user }: { user: Session["user"] }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState(user.name ?? "");
  const [email, setEmail] = useState(user.email ?? "");
  const [current, setCurrent] = useState("");
  const newEmail = email.trim().toLowerCase() !== (user.email ?? "");
  const newName = name.trim() !== (user.name ?? "");
  const change = useMutation({
    mutationFn: changeProfile,
    onSuccess: (changed) => {
      queryClient.setQueryData(sessionQuery.queryKey, (session) => session && { ...session, user: { ...session.user, ...changed } });
      setCurrent("");
      sayDone("Your profile is changed.");
    },
  });
  const submit = () => {
    const profile: Profile = {};
    if (newName) profile.name = name.trim();
    if (newEmail) profile.email = email.trim();
    if (newEmail && current !== "") profile.current = current;
    change.mutate(profile);
  };
  const about = user.built_in === true ? "You hold the token that Dexter prints at its start, which makes you its administrator." : "Others see what you do under this name.";
  return (
    <Section title="Profile" about={about}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextInput label="Name" required withAsterisk={false} maxLength={100} autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput
          label="E-mail address"
          description="What you sign in with, together with a password."
          type="email"
          autoComplete="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={toldOf(change.error)}
        />
        {newEmail && user.has_password === true && (
          <PasswordInput label="Present password" required withAsterisk={false} autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} />
        )}
        <div>
          <Button type="submit" disabled={(!newName && !newEmail) || name.trim() === "" || (newEmail && email.trim() === "")} loading={change.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Section>
  );
}
