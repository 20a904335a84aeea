import { Fragment, useState } from "react";

import { type Command, useCommandList, useCommands } from "@/ui/commands";
import { Dialog } from "@/ui/Dialog";
import { Keys } from "@/ui/Keys";

import classes from "./keySheet.module.css";

/** The keys of the screen that is open. */
export function KeySheet() {
  const [open, setOpen] = useState(false);
  const commands = useCommandList();
  useCommands([{ id: "help.keys", label: "Show the keys of this screen", section: "Help", run: () => setOpen(true) }]);
  if (!open) return null;
  return (
    <Dialog title="Keys of this screen" from="middle" size={680} onClose={() => setOpen(false)}>
      <div className={classes.sheet}>
        {bySection(commands).map(([section, keyed]) => (
          <section key={section} aria-label={section}>
            <h3>{section}</h3>
            <dl>
              {keyed.map(({ id, label, keys = [] }) => (
                <Fragment key={id}>
                  <dt>
                    {keys.map((name) => (
                      <Keys key={name} name={name} />
                    ))}
                  </dt>
                  <dd>{label}</dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

const ORDER = ["List", "Feed", "Issues", "This issue", "Event", "Jobs", "Subscriptions", "Gateway", "View", "Go to", "Look", "Help"];

const rank = (section: string): number => (ORDER.includes(section) ? ORDER.indexOf(section) : ORDER.length);

function bySection(commands: readonly Command[]): [string, Command[]][] {
  const sections = new Map<string, Command[]>();
  for (const command of commands) {
    if (command.keys === undefined || command.keys.length === 0) continue;
    sections.set(command.section, [...(sections.get(command.section) ?? []), command]);
  }
  return [...sections].sort(([a], [b]) => rank(a) - rank(b));
}
