import { Button, Popover, TextInput } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { type SyntheticEvent, useState } from "react";

import { useCommands } from "@/ui/commands";

import classes from "./feed.module.css";

const MINUTE_MS = 60_000;
const AGES = [
  { label: "10 minutes ago", ms: 10 * MINUTE_MS },
  { label: "an hour ago", ms: 60 * MINUTE_MS },
  { label: "a day ago", ms: 24 * 60 * MINUTE_MS },
] as const;

const momentAgo = (ms: number): string => new Date(Date.now() - ms).toISOString();

/** Choose a moment from which on the feed is played anew. */
export function ReplayMenu({ onReplay }: { onReplay: (from: string) => void }) {
  const [open, setOpen] = useState(false);
  const [moment, setMoment] = useState("");
  const begin = (from: string) => {
    setOpen(false);
    onReplay(from);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const ms = Date.parse(moment);
    if (!Number.isNaN(ms)) begin(new Date(ms).toISOString());
  };
  useCommands(AGES.map(({ label, ms }) => ({ id: `feed.replay.${ms}`, label: `Replay the feed from ${label}`, section: "Feed", run: () => begin(momentAgo(ms)) })));
  return (
    <Popover position="bottom-end" width={280} trapFocus returnFocus withRoles={false} opened={open} onChange={setOpen}>
      <Popover.Target>
        <Button size="xs" variant="default" aria-haspopup="dialog" aria-expanded={open} leftSection={<IconHistory size={14} />} onClick={() => setOpen(!open)}>
          Replay
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label="Replay the feed" className={classes.replayMenu}>
        <p>Play what happened, in its order, from</p>
        {AGES.map(({ label, ms }) => (
          <button key={ms} type="button" onClick={() => begin(momentAgo(ms))}>
            {label}
          </button>
        ))}
        <form onSubmit={submit}>
          <TextInput size="xs" type="datetime-local" step={1} aria-label="A moment" value={moment} onChange={(event) => setMoment(event.currentTarget.value)} />
          <Button size="xs" type="submit" variant="default" disabled={moment === ""}>
            Play
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
