import { useState } from "react";

import { matches } from "@/core/choices";
import { type Command, useCommandList, useCommands } from "@/ui/commands";
import { Keys } from "@/ui/Keys";
import { Picker } from "@/ui/Picker";

/** Every action and screen on offer, found by its words. */
export function CommandPalette() {
  const [open, setOpen] = useState(false);
  const commands = useCommandList();
  useCommands([{ id: "help.palette", label: "Find an action or a screen", section: "Help", keyOnly: true, inFields: true, run: () => setOpen(!open) }]);
  if (!open) return null;
  const offered = offeredIn(commands);
  return (
    <Picker
      anchor={null}
      title="Actions and screens"
      placeholder="Find an action or a screen…"
      choices={(typed) =>
        offered
          .filter(({ label, section }) => matches(typed, `${label} ${section}`))
          .map(({ id, label, section, keys }) => ({ id, label, section, ...(keys?.[0] === undefined ? {} : { hint: <Keys name={keys[0]} /> }) }))
      }
      onChoose={({ id }) => {
        setOpen(false);
        const chosen = offered.find((command) => command.id === id);
        // After the palette has gone, so that a picker which the action opens gets the focus.
        if (chosen !== undefined) setTimeout(() => chosen.run());
      }}
      onClose={() => setOpen(false)}
    />
  );
}

const SECTION_ORDER = ["This issue", "Issues", "Feed", "List", "Event", "Jobs", "Subscriptions", "Gateway", "View", "Go to", "Look", "Account", "Help"];

function offeredIn(commands: readonly Command[]): Command[] {
  const rank = (section: string) => (SECTION_ORDER.includes(section) ? SECTION_ORDER.indexOf(section) : -1);
  return commands.filter(({ enabled, keyOnly }) => enabled !== false && keyOnly !== true).sort((a, b) => rank(a.section) - rank(b.section));
}
