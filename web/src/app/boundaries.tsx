import { Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

import { reportClientError } from "@/api/clientErrors";
import { ApiError } from "@/api/error";
import { ListSkeleton } from "@/screens/stream/placeholders";
import { useDensity } from "@/screens/stream/useDensity";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorState } from "@/ui/ErrorState";

import classes from "./shell.module.css";

/** What stands where a screen broke: the rest of the workbench goes on, and the gateway's log knows. */
export function ScreenBoundary({ error, reset }: ErrorComponentProps) {
  return isMissingChunk(error) ? <UpdatedScreen /> : <BrokenScreen error={error} reset={reset} />;
}

/** Whether a part of the workbench could not be fetched: after an update the parts of the one before are gone. */
export function isMissingChunk(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|importing a module script|module script failed|ChunkLoadError|Unable to preload CSS/i.test(error.message);
}

/** What this page was loaded from has been replaced; a reload brings the new one, to the same address. */
export function UpdatedScreen() {
  return (
    <EmptyState
      icon={<IconRefresh size={32} stroke={1.25} />}
      title="Dexter was updated"
      actions={<Button onClick={() => window.location.reload()}>Reload</Button>}
    >
      This page is of the version before, and the part of it that you asked for is gone. Nothing is lost: the address stays the same.
    </EmptyState>
  );
}

function BrokenScreen({ error, reset }: Pick<ErrorComponentProps, "error" | "reset">) {
  const router = useRouter();
  const path = router.state.location.pathname;
  useEffect(() => {
    if (!(error instanceof ApiError)) void reportClientError(error, path);
  }, [error, path]);
  return (
    <ErrorState
      error={error}
      onRetry={() => {
        reset();
        void router.invalidate();
      }}
    />
  );
}

export function ScreenPending() {
  return (
    <Center h="40vh">
      <Loader size="sm" aria-label="Loading" />
    </Center>
  );
}

/** The frame with nothing in it yet, so that nothing jumps when the session is known. */
export function ShellPending() {
  const [density] = useDensity();
  return (
    <div className={classes.shell}>
      <div className={classes.side} aria-hidden />
      <div className={classes.column}>
        <div className={classes.top} aria-hidden />
        <div className={classes.pendingTools} aria-hidden />
        <main>
          <h1 className="dx-unseen">Dexter</h1>
          <ListSkeleton density={density} />
        </main>
      </div>
      <div className={classes.bottom} aria-hidden />
    </div>
  );
}

export function NotFoundScreen() {
  return (
    <Center h="60vh" component="main">
      <Stack align="center" gap="sm">
        <Title order={1}>There is no such page</Title>
        <Text c="dimmed">The address may be mistyped, or the screen has moved.</Text>
        <Group>
          <Button component={Link} to="/" variant="default">
            Go to the issue stream
          </Button>
        </Group>
      </Stack>
    </Center>
  );
}
