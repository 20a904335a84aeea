import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { asApiError } from "@/api/error";
import { sessionQuery, signIn } from "@/queries/session";

import classes from "./signIn.module.css";

/** Where a person shows the access token that Dexter printed. */
export function SignInScreen() {
  const router = useRouter();
  const queryClient = useQueryClient();
  const { from } = useSearch({ from: "/sign-in" });
  const [token, setToken] = useState("");
  const entry = useMutation({
    mutationFn: signIn,
    onSuccess: (session) => {
      queryClient.setQueryData(sessionQuery.queryKey, session);
      router.history.push(from ?? "/");
    },
  });
  return (
    <main className={classes.page}>
      <form
        className={classes.card}
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") entry.mutate(token.trim());
        }}
      >
        <img src="/favicon.svg" width={40} height={40} alt="" />
        <h1>Sign in to Dexter</h1>
        <p>
          Dexter printed an access token in the terminal when it started, beside the address of this page. <code>dexter up</code> prints it again.
        </p>
        <PasswordInput
          label="Access token"
          size="md"
          autoFocus
          required
          withAsterisk={false}
          autoComplete="current-password"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          error={entry.isError ? refusal(entry.error) : undefined}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the token", tabIndex: 0 }}
        />
        <Button type="submit" size="md" fullWidth loading={entry.isPending}>
          Sign in
        </Button>
        <p className={classes.note}>The token stays between this browser and the gateway: it is kept in a cookie that scripts cannot read.</p>
      </form>
    </main>
  );
}

function refusal(error: unknown): string {
  const failure = asApiError(error);
  if (failure.status === 401 || failure.status === 403) return "This is not the token of this gateway. Copy it anew from the terminal.";
  return `${failure.message}. ${failure.remedy}`;
}
