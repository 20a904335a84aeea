import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconArrowUp,
  IconChevronDown,
  IconChevronLeft,
  IconChevronRight,
  IconPlayerSkipBack,
  IconPlayerSkipForward,
} from "@tabler/icons-react";

import type { EventView } from "@/core/event/event";
import { counted, exactTime } from "@/core/format";
import { Ago } from "@/ui/Ago";
import { CopyIcon } from "@/ui/CopyIcon";
import { VisibleText } from "@/ui/VisibleText";

import { outlineOf } from "./EventSections";
import classes from "./issue.module.css";
import navigatorClasses from "./navigator.module.css";
import type { Newer } from "./useNewer";

const WORDS: Partial<Record<string, string>> = {
  recommended: "Recommended event",
  latest: "Latest event",
  oldest: "First event",
};

interface Props {
  issueId: string;
  /** What the address asks for: an id or a word. */
  asked: string;
  event: EventView;
  /** What has come since this event came on screen. */
  newer: Newer;
  onGo: (event: string) => void;
  onLatest: () => void;
}

/** Which event of the issue is on screen, and the way to the others. */
export function EventNavigator({ issueId, asked, event, newer, onGo, onLatest }: Props) {
  return (
    <nav className={navigatorClasses.navigator} aria-label="Events of this issue">
      <div className={navigatorClasses.navigatorRow}>
        <Menu position="bottom-start">
          <Menu.Target>
            <Button size="compact-sm" variant="subtle" color="gray" rightSection={<IconChevronDown size={14} />}>
              {WORDS[asked] ?? "Event"}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {Object.entries(WORDS).map(([word, label]) => (
              <Menu.Item key={word} onClick={() => onGo(word)} aria-current={word === asked ? "true" : undefined}>
                {label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <span className={navigatorClasses.eventId}>
          <code data-tip={event.id}>{event.id.slice(0, 8)}</code>
          <CopyIcon text={event.id} label="Copy the event's ID" />
        </span>
        <span className={navigatorClasses.eventTime} data-tip={exactTime(event.at)}>
          {event.at !== null && <Ago iso={new Date(event.at).toISOString()} />}
        </span>
        {event.environment !== null && (
          <span className={classes.tagLike}>
            <VisibleText text={event.environment} />
          </span>
        )}
        <span role="status">
          {newer.count > 0 && (
            <button type="button" className={navigatorClasses.newer} data-tip="Go to the latest event" onClick={onLatest}>
              <IconArrowUp size={12} stroke={2} aria-hidden />
              {counted(newer.count, event.newerId === null ? "newer event" : "new event")}
            </button>
          )}
        </span>
        <a
          className={navigatorClasses.json}
          href={`/api/v1/issues/${encodeURIComponent(issueId)}/events/${encodeURIComponent(event.id)}`}
          target="_blank"
          rel="noopener"
          data-tip="The event as Sentry sends it"
        >
          JSON
        </a>
        <Arrows olderId={event.olderId} newerId={event.newerId ?? newer.id} onGo={onGo} onLatest={onLatest} />
      </div>
      <ul className={navigatorClasses.outline} aria-label="Parts of this event">
        {outlineOf(event).map((part) => (
          <li key={part.id}>
            <a href={`#${part.id}`}>{part.label}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Arrows({ olderId, newerId, onGo, onLatest }: Pick<EventView, "olderId" | "newerId"> & Pick<Props, "onGo" | "onLatest">) {
  return (
    <span className={navigatorClasses.arrows}>
      <Arrow label="First event" disabled={olderId === null} onClick={() => onGo("oldest")}>
        <IconPlayerSkipBack size={14} />
      </Arrow>
      <Arrow label="Older event ([)" disabled={olderId === null} onClick={() => olderId !== null && onGo(olderId)}>
        <IconChevronLeft size={16} />
      </Arrow>
      <Arrow label="Newer event (])" disabled={newerId === null} onClick={() => newerId !== null && onGo(newerId)}>
        <IconChevronRight size={16} />
      </Arrow>
      <Arrow label="Latest event" disabled={newerId === null} onClick={onLatest}>
        <IconPlayerSkipForward size={14} />
      </Arrow>
    </span>
  );
}

interface ArrowProps {
  label: string;
  disabled: boolean;
  onClick: () => void;
  children: React.ReactNode;
}

function Arrow({ label, disabled, onClick, children }: ArrowProps) {
  return (
    <ActionIcon variant="default" size={28} aria-label={label} data-tip={label} disabled={disabled} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}
