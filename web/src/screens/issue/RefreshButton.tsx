import { ActionIcon } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";

import { ago } from "@/core/format";
import { useNow } from "@/ui/useNow";

import headerClasses from "./header.module.css";

interface Props {
  cachedAt: number | null;
  busy: boolean;
  onRefresh: () => void;
}

/** How old the page's data is, and the way to have it fresh. */
export function RefreshButton({ cachedAt, busy, onRefresh }: Props) {
  const now = useNow();
  return (
    <span className={headerClasses.age}>
      {cachedAt !== null && <span className={headerClasses.ageWords}>as of {ago(cachedAt, now)}</span>}
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Ask Sentry again"
        data-tip="Ask Sentry again (r)"
        loading={busy}
        onClick={onRefresh}
      >
        <IconRefresh size={16} />
      </ActionIcon>
    </span>
  );
}
