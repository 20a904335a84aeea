import { useEffect } from "react";

import { EmptyState } from "@/ui/EmptyState";
import { useSession } from "@/queries/session";

import classes from "./account.module.css";
import { LinkedSection } from "./LinkedSection";
import { PasswordSection } from "./PasswordSection";
import { ProfileSection } from "./ProfileSection";
import { SessionsSection } from "./SessionsSection";
import { TokensSection } from "./TokensSection";

/** The reader's own things: name, password, where they are signed in, tokens for scripts, their Sentry token. */
export function AccountScreen() {
  const { user } = useSession();
  useEffect(() => {
    document.title = "Account · Dexter";
  }, []);
  if (user.id === null || user.id === undefined) {
    return <EmptyState title="You have no account here">You came with a Sentry token of your own, which Dexter passes on and keeps nowhere.</EmptyState>;
  }
  return (
    <div className={classes.page}>
      <h1>Account</h1>
      <ProfileSection user={user} />
      <LinkedSection linked={user.linked_sentry ?? null} />
      <TokensSection />
      <PasswordSection user={user} />
      <SessionsSection />
    </div>
  );
}
