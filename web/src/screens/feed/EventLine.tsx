import { ActionIcon } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { memo } from "react";

import type { EventRow } from "@/core/feedList";
import { type ChangeWords, changeWords, kindWord, sourceMeaning, sourceWord } from "@/core/feedWords";
import { clockTime, epochMs, exactTime } from "@/core/format";
import { Ago } from "@/ui/Ago";
import { Face } from "@/ui/Face";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./feed.module.css";
import { KindIcon } from "./KindIcon";

interface Props {
  row: EventRow;
  nameOf: (assignee: string) => string;
  clock: boolean;
  onReplay: () => void;
}

/** One event: what happened, to what, from what to what, by whom, how it was heard of, and when. */
export const EventLine = memo(function EventLine({ row, nameOf, clock, onReplay }: Props) {
  const { event } = row;
  const kind = kindWord(event);
  const changes = changeWords(event, nameOf);
  return (
    <article className={classes.line} aria-label={`${kind}${event.issue === null ? "" : `: ${event.issue.short_id}`}`}>
      <span className={classes.kind}>
        <KindIcon type={event.type} />
        {kind}
      </span>
      {event.issue === null ? (
        <Message row={row} words={changes[0]?.to ?? ""} />
      ) : (
        <>
          <Subject id={row.id} issue={event.issue} project={event.project} />
          <span className={classes.changes} data-tip={changes.length > 1 ? changes.map(changeText).join(", ") : undefined}>
            {changes.map((change, index) => (
              <Change key={index} change={change} />
            ))}
          </span>
        </>
      )}
      <span className={classes.actor}>
        {event.actor !== null && (
          <>
            <Face name={event.actor.name || event.actor.id} size={18} />
            <span>
              <VisibleText text={event.actor.name || event.actor.id} />
            </span>
          </>
        )}
      </span>
      <span className={classes.source} data-tip={sourceMeaning(event.source)}>
        {sourceWord(event.source)}
      </span>
      <span className={classes.when}>
        {clock ? (
          <time dateTime={event.at} data-tip={exactTime(epochMs(event.at))}>
            {clockTime(epochMs(event.at))}
          </time>
        ) : (
          <Ago iso={event.at} />
        )}
      </span>
      <ActionIcon className={classes.again} variant="subtle" color="gray" size={28} aria-label="Replay from here" data-tip="Replay from here (shift r)" onClick={onReplay}>
        <IconHistory size={16} stroke={1.5} />
      </ActionIcon>
    </article>
  );
});

/** The issue that it is about, which the line leads to. */
function Subject({ id, issue, project }: { id: string; issue: NonNullable<EventRow["event"]["issue"]>; project: string | null }) {
  return (
    <span className={classes.subject}>
      <Link to="/issues/$issueId" params={{ issueId: issue.id }} data-line={id}>
        <VisibleText text={issue.title || issue.short_id || `Issue ${issue.id}`} />
      </Link>
      <small>
        <VisibleText text={issue.short_id || issue.id} />
        {project !== null && (
          <span>
            {" · "}
            <VisibleText text={project} />
          </span>
        )}
      </small>
    </span>
  );
}

/** What is told of no one issue: an alert, a job, the gateway. The keys stand on its words where there is nothing to lead to. */
function Message({ row: { id, event }, words }: { row: EventRow; words: string }) {
  return (
    <span className={classes.subject} data-message>
      {event.type.startsWith("gateway.") ? (
        <Link to="/gateway" search={{}} data-line={id}>
          <VisibleText text={words} />
        </Link>
      ) : (
        <span data-line={id} tabIndex={-1}>
          <VisibleText text={words} />
        </span>
      )}
      {event.project !== null && (
        <small>
          <VisibleText text={event.project} />
        </small>
      )}
    </span>
  );
}

const changeText = ({ field, from, to }: ChangeWords): string => `${field === null ? "" : `${field} `}${from === null ? "" : `${from} → `}${to}`;

function Change({ change: { field, from, to } }: { change: ChangeWords }) {
  return (
    <span>
      {field !== null && <i>{field} </i>}
      {from !== null && (
        <>
          <VisibleText text={from} />
          <span className="dx-unseen"> to </span>
          <b aria-hidden>→</b>
        </>
      )}
      <VisibleText text={to} />
    </span>
  );
}
