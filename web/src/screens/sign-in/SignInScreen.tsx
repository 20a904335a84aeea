import { Button, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { asApiError } from "@/api/error";
import { sessionQuery, signIn } from "@/queries/session";

import classes from "./signIn.module.css";

const WAYS = [
  { value: "token", label: "Printed token" },
  { value: "password", label: "E-mail and password" },
];

/** Where a person shows the access token that Dexter printed, or an address and password of their own. */
export function SignInScreen() {
  const router = useRouter();
  const queryClient = useQueryClient();
  const { from } = useSearch({ from: "/sign-in" });
  const [way, setWay] = useLocalStorage({ key: "dexter-sign-in", defaultValue: "token", getInitialValueInEffect: false });
  const [token, setToken] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const byToken = way !== "password";
  const entry = useMutation({
    mutationFn: signIn,
    onSuccess: (session) => {
      queryClient.setQueryData(sessionQuery.queryKey, session);
      router.history.push(from ?? "/");
    },
  });
  const submit = () => {
    if (!byToken) entry.mutate({ email: email.trim(), password });
    else if (token.trim() !== "") entry.mutate({ token: token.trim() });
  };
  const refused = entry.isError ? refusal(entry.error, byToken) : undefined;
  return (
    <main className={classes.page}>
      <form
        className={classes.card}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <img src="/favicon.svg" width={40} height={40} alt="" />
        <h1>Sign in to Dexter</h1>
        <SegmentedControl
          aria-label="Sign in by"
          fullWidth
          data={WAYS}
          value={byToken ? "token" : "password"}
          onChange={(chosen) => {
            entry.reset();
            setWay(chosen);
          }}
        />
        {byToken ? (
          <>
            <p className={classes.about}>
              Dexter printed an access token in the terminal when it started, beside the address of this page. <code>dexter up</code> prints it again.
            </p>
            <PasswordInput
              key="token"
              label="Access token"
              size="md"
              autoFocus
              required
              withAsterisk={false}
              autoComplete="current-password"
              spellCheck={false}
              value={token}
              onChange={(event) => setToken(event.currentTarget.value)}
              error={refused}
              visibilityToggleButtonProps={{ "aria-label": "Show or hide the token", tabIndex: 0 }}
            />
          </>
        ) : (
          <>
            <TextInput key="email" label="E-mail address" size="md" type="email" autoFocus required withAsterisk={false} autoComplete="username" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
            <PasswordInput
              key="password"
              label="Password"
              size="md"
              required
              withAsterisk={false}
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
              error={refused}
              visibilityToggleButtonProps={{ "aria-label": "Show or hide the password", tabIndex: 0 }}
            />
          </>
        )}
        <Button type="submit" size="md" fullWidth loading={entry.isPending}>
          Sign in
        </Button>
        <p className={classes.note}>What you type stays between this browser and the gateway, which keeps you signed in by a cookie that scripts cannot read.</p>
      </form>
    </main>
  );
}

function refusal(error: unknown, byToken: boolean): string {
  const failure = asApiError(error);
  if (byToken && (failure.status === 401 || failure.status === 403)) return "This is not the token of this gateway. Copy it anew from the terminal.";
  return `${failure.message.replace(/\.$/, "")}. ${failure.remedy}`;
}
