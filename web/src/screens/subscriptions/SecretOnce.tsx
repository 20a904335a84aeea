import { Button, CopyButton } from "@mantine/core";

import classes from "./subscriptions.module.css";

/** A secret that is shown this once, to be copied. */
export function SecretOnce({ said, secret, onSeen }: { said: string; secret: string; onSeen: () => void }) {
  return (
    <div className={classes.made} role="status">
      <p>
        {said} Its deliveries are signed with this secret. Copy it now: it is not shown again.
      </p>
      <div className={classes.secret}>
        <code>{secret}</code>
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button size="xs" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
        <Button size="xs" variant="default" onClick={onSeen}>
          I have it
        </Button>
      </div>
    </div>
  );
}
