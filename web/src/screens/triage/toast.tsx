import { Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";

import { subjectOf } from "@/core/issueWords";
import { READS_ONLY } from "@/core/people";
import { sentences } from "@/core/sentences";
import type { Refusal } from "@/queries/issueUpdate";

const STAYS_MS = 10_000;
const STAYS_WITH_FAILURE_MS = 20_000;

interface Words {
  /** What happened to those that changed, or null when none did. */
  readonly done: string | null;
  readonly refused: readonly Refusal[];
}

/** Give the reasons of refusal, each once, with how many issues it struck. */
function reasons(refused: readonly Refusal[]): string[] {
  const byReason = new Map<string, Refusal[]>();
  for (const refusal of refused) byReason.set(refusal.message, [...(byReason.get(refusal.message) ?? []), refusal]);
  return [...byReason].map(([message, struck]) => sentences(`${subjectOf(struck.map(({ issue }) => issue))}: ${message}`, struck[0]?.remedy ?? null));
}

/** Say to who only reads why nothing happens. */
export function tellReader(): void {
  notifications.show({ id: "reads-only", color: "gray", withBorder: true, closeButtonProps: { "aria-label": "Dismiss" }, message: READS_ONLY });
}

let lastDone: string | null = null;

/** Say what truly happened, with the way back beside it. What went well gives way to the next; a failure stays to be read. */
export function tell({ done, refused }: Words, undo: (() => void) | null): void {
  const failed = refused.length > 0;
  if (lastDone !== null) notifications.hide(lastDone);
  const id = notifications.show({
    color: failed ? "red" : "iris",
    autoClose: failed ? STAYS_WITH_FAILURE_MS : STAYS_MS,
    withBorder: true,
    closeButtonProps: { "aria-label": "Dismiss" },
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Stack gap={2}>
          {done !== null && <Text size="md">{done}</Text>}
          {failed && <Text size="md">{refused.length === 1 && done === null ? "Not changed" : `${refused.length} not changed`}</Text>}
          {reasons(refused).map((reason) => (
            <Text key={reason} size="sm" c="dimmed">
              {reason}
            </Text>
          ))}
        </Stack>
        {undo !== null && (
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              notifications.hide(id);
              undo();
            }}
          >
            Undo
          </Button>
        )}
      </Group>
    ),
  });
  lastDone = failed ? null : id;
}

