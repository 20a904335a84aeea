import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  icon?: ReactNode;
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}

/** What would be here, and the one thing to do next. */
export function EmptyState({ icon, title, children, actions }: Props) {
  return (
    <Stack align="center" gap={6} pt={88} px="lg" pb="xl" ta="center" maw={480} mx="auto">
      {icon !== undefined && <div aria-hidden>{icon}</div>}
      <Title order={2}>{title}</Title>
      <Text c="dimmed">{children}</Text>
      {actions !== undefined && (
        <Group mt="sm" gap="sm" justify="center">
          {actions}
        </Group>
      )}
    </Stack>
  );
}
