import { ActionIcon, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";

import { exportAddress, EXPORT_FORMATS } from "@/queries/exports";
import { useCommands } from "@/ui/commands";

import { useView } from "./useView";

/** The list as a file. The browser downloads it while the gateway still reads, so that its length does not matter. */
export function ExportMenu() {
  const { view } = useView();
  useCommands(
    EXPORT_FORMATS.map(({ format, label }) => ({
      id: `export.${format}`,
      label: `Export the list as ${label}`,
      section: "View",
      run: () => window.location.assign(exportAddress(view, format)),
    })),
  );
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={32} aria-label="Export the list" data-tip="Export the list">
          <IconDownload size={16} stroke={1.5} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Every issue that matches, as</Menu.Label>
        {EXPORT_FORMATS.map(({ format, label, hint }) => (
          <Menu.Item key={format} component="a" href={exportAddress(view, format)} download>
            {label} <small style={{ color: "var(--dx-muted)" }}>{hint}</small>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
