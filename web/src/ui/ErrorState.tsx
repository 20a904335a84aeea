import { Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { asApiError, toldBy } from "@/api/error";
import { shortSpan } from "@/core/format";
import { useComeback } from "@/queries/comeback";

interface Props {
  error: unknown;
  onRetry?: (() => void) | undefined;
  /** What happened, when the screen knows better than the error; the error's own words then follow. */
  title?: string | undefined;
  /** The moves the screen can offer. */
  actions?: ReactNode;
  /** A smaller form for a part of a screen. */
  compact?: boolean;
}

/** What happened, whose move it is, and that move; where waiting is the move, it asks again by itself. */
export function ErrorState({ error, onRetry, title, actions, compact = false }: Props) {
  const failure = asApiError(error);
  const seconds = useComeback(failure, onRetry);
  const told = title === undefined ? toldBy(failure) : { heading: title, text: failure.message };
  return (
    <Stack role="alert" align={compact ? "flex-start" : "center"} gap="xs" p="lg" mt={compact ? 0 : 80} maw={520} mx={compact ? 0 : "auto"}>
      <IconAlertTriangle size={compact ? 20 : 28} stroke={1.5} color="var(--dx-warning)" aria-hidden />
      <Title order={2} ta={compact ? "left" : "center"}>
        {told.heading}
      </Title>
      <Text c="dimmed" ta={compact ? "left" : "center"} style={{ overflowWrap: "anywhere" }}>
        {told.text}
      </Text>
      {seconds !== null && (
        <Text size="sm" c="dimmed">
          {/* Read out once: a number that changes every second is not. */}
          <span className="dx-unseen">Asks again by itself.</span>
          <span aria-hidden style={{ fontVariantNumeric: "tabular-nums" }}>
            {seconds === 0 ? "Asking again" : `Asks again by itself in ${shortSpan(seconds)}`}
          </span>
        </Text>
      )}
      <Group mt="xs" gap="sm" justify={compact ? "flex-start" : "center"}>
        {actions}
        {onRetry && failure.retryable && (
          <Button size="sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
        {failure.requestId !== null && (
          <Text size="xs" c="dimmed">
            Request <Code>{failure.requestId}</Code>
          </Text>
        )}
      </Group>
    </Stack>
  );
}
