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
  return (
    <article className={classes.line} aria-label={`${kind}${event.issue === null ? "" : `: ${event.issue.short_id}`}`}>
      <span className={classes.kind}>
        <KindIcon type={event.type} />
        {kind}
      </span>
      <Subject row={row} />
      <span className={classes.changes}>
        {changeWords(event, nameOf).map((change, index) => (
          <Change key={index} change={change} />
        ))}
      </span>
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

/** What it is about; the line's own link, or where there is none, what the keys stand on. */
function Subject({ row: { id, event } }: { row: EventRow }) {
  const { issue, project, type } = event;
  if (issue !== null) {
    return (
      <span className={classes.subject}>
        <Link to="/issues/$issueId" params={{ issueId: issue.id }} data-line={id}>
          <VisibleText text={issue.title || issue.short_id || `Issue ${issue.id}`} />
        </Link>
        <small>
          <VisibleText text={issue.short_id || issue.id} />
          {project !== null && (
            <>
              {" · "}
              <VisibleText text={project} />
            </>
          )}
        </small>
      </span>
    );
  }
  if (type.startsWith("gateway.")) {
    return (
      <span className={classes.subject}>
        <Link to="/gateway" search={{}} data-line={id}>
          Gateway
        </Link>
      </span>
    );
  }
  return (
    <span className={classes.subject}>
      <span data-line={id} tabIndex={-1}>
        {type.startsWith("job.") ? "Many issues at once" : project === null ? "" : <VisibleText text={project} />}
      </span>
    </span>
  );
}

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
