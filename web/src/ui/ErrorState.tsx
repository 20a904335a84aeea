import { Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import { asApiError } from "@/api/error";

interface Props {
  error: unknown;
  onRetry?: (() => void) | undefined;
  /** A smaller form for a part of a screen. */
  compact?: boolean;
}

/** What happened, whose move it is, and that move. */
export function ErrorState({ error, onRetry, compact = false }: Props) {
  const failure = asApiError(error);
  return (
    <Stack role="alert" align={compact ? "flex-start" : "center"} gap="xs" p="lg" mt={compact ? 0 : 80} maw={520} mx={compact ? 0 : "auto"}>
      <IconAlertTriangle size={compact ? 20 : 28} stroke={1.5} color="var(--dx-warning)" aria-hidden />
      <Title order={2} ta={compact ? "left" : "center"}>
        {failure.message}
      </Title>
      <Text c="dimmed" ta={compact ? "left" : "center"}>
        {failure.remedy}
      </Text>
      <Group mt="xs" gap="sm">
        {onRetry && (
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
