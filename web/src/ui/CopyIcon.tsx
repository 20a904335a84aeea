import { ActionIcon, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** A small button that copies `text` and says so. `label` names what is copied: "Copy the event's ID". */
export function CopyIcon({ text, label }: { text: string; label: string }) {
  return (
    <CopyButton value={text} timeout={1_500}>
      {({ copied, copy }) => {
        const words = copied ? "Copied" : label;
        return (
          <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={words} data-tip={words}>
            {copied ? <IconCheck size={14} color="var(--dx-good)" /> : <IconCopy size={14} />}
          </ActionIcon>
        );
      }}
    </CopyButton>
  );
}
