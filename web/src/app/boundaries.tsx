import { Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

import { reportClientError } from "@/api/clientErrors";
import { ApiError } from "@/api/error";
import { ErrorState } from "@/ui/ErrorState";

/** What stands where a screen broke: the rest of the workbench goes on, and the gateway's log knows. */
export function ScreenBoundary({ error, reset }: ErrorComponentProps) {
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
