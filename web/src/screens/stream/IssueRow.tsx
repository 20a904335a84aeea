import { IconArchive, IconArrowBackUp, IconCheck, IconEye, IconMessageCircle, IconNote } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { memo, type MouseEvent } from "react";

import type { ListAddress } from "@/core/event/address";
import { alsoHere } from "@/core/feed";
import { counted } from "@/core/format";
import { headline, levelWord, placeOf, priorityWord, stateWords } from "@/core/issueWords";
import type { Marks } from "@/core/labels";
import type { Issue } from "@/core/model";
import { onlySeries } from "@/core/series";
import { useFlash } from "@/queries/live";
import { useOthersAt } from "@/queries/presence";
import { PriorityMark } from "@/screens/triage/PriorityMark";
import type { Question } from "@/screens/triage/triage";
import { Ago } from "@/ui/Ago";
import { Count } from "@/ui/Count";
import { Face } from "@/ui/Face";
import { LabelChip } from "@/ui/LabelChip";
import { Sparkline } from "@/ui/Sparkline";

import classes from "./row.module.css";
import type { Density } from "./useDensity";

/** What a row can ask of its list. One object that never changes, so that rows can be kept. */
export interface RowActions {
  readonly select: (id: string, range: boolean) => void;
  readonly activate: (id: string) => void;
  /** Opens it beside the list where there is a split; false leaves it to the link. */
  readonly follow: (id: string) => boolean;
  /** Whether the reader may change issues. */
  readonly may: boolean;
  readonly resolve: (issue: Issue) => void;
  readonly reopen: (issue: Issue) => void;
  readonly choose: (what: Question, issue: Issue, anchor: HTMLElement) => void;
}

interface Props {
  issue: Issue;
  /** The list it stands in, for its page's address. */
  list: ListAddress;
  density: Density;
  active: boolean;
  selected: boolean;
  /** Its labels and notes, once they are known. */
  marks: Marks | undefined;
  actions: RowActions;
}

/** One issue, one decision: what broke, where, how bad, how many people, whose it is, since when, getting worse? */
export const IssueRow = memo(function IssueRow({ issue, list, density, active, selected, marks, actions }: Props) {
  const flashing = useFlash(issue.id);
  return (
    <div className={classes.row} data-flash={flashing || undefined} data-density={density} data-active={active || undefined} data-selected={selected || undefined} data-seen={issue.hasSeen || undefined}>
      <span className={classes.level} data-level={issue.level} data-tip={levelWord(issue.level)}>
        <span className="dx-unseen">{levelWord(issue.level)}</span>
      </span>
      <label className={classes.tick}>
        <input
          type="checkbox"
          checked={selected}
          aria-label={`Select ${issue.shortId}`}
          onChange={() => undefined}
          onClick={(event) => actions.select(issue.id, event.shiftKey)}
        />
      </label>
      <RowMain issue={issue} list={list} density={density} marks={marks} actions={actions} />
      {density === "phone" ? <PhoneNumbers issue={issue} /> : <RowColumns issue={issue} actions={actions} />}
    </div>
  );
});

function RowMain({ issue, list, density, marks, actions }: Pick<Props, "issue" | "list" | "density" | "marks" | "actions">) {
  const { type, value } = headline(issue);
  const place = placeOf(issue);
  const second = value === "" ? place : value;
  return (
    <div className={classes.main}>
      <div className={classes.first}>
        <Link
          to="/issues/$issueId"
          params={{ issueId: issue.id }}
          search={list}
          className={classes.link}
          data-issue={issue.id}
          onFocus={() => actions.activate(issue.id)}
          onClick={(event) => {
            if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && actions.follow(issue.id)) event.preventDefault();
          }}
        >
          {type}
        </Link>
        {density === "compact" ? <span className={classes.inlineValue}>{value}</span> : value !== "" && place !== "" && <span className={classes.culprit}>{place}</span>}
        <Badges issue={issue} />
      </div>
      {density !== "compact" && second !== "" && (
        <div className={classes.value} data-culprit={value === "" || undefined}>
          {second}
        </div>
      )}
      <RowFacts issue={issue} phone={density === "phone"} marks={marks} />
      {density !== "phone" && actions.may && <RowQuick issue={issue} actions={actions} />}
    </div>
  );
}

const LABELS_SHOWN = 3;

function RowFacts({ issue, phone, marks }: { issue: Issue; phone: boolean; marks: Marks | undefined }) {
  const labels = marks?.labels ?? [];
  return (
    <div className={classes.facts}>
      <span>{issue.project.slug}</span>
      <span className={classes.shortId}>{issue.shortId}</span>
      {!phone && (
        <span>
          first seen <Ago iso={issue.firstSeen} />
        </span>
      )}
      {phone && issue.assignedTo !== null && <span>{issue.assignedTo.name}</span>}
      <RowLookers id={issue.id} />
      {issue.numComments > 0 && (
        <span className={classes.comments} data-tip={counted(issue.numComments, "comment")}>
          <IconMessageCircle size={12} stroke={1.5} aria-hidden /> {issue.numComments}
          <span className="dx-unseen"> comments</span>
        </span>
      )}
      {marks !== undefined && marks.notes > 0 && (
        <span className={classes.comments} data-tip={counted(marks.notes, "note")}>
          <IconNote size={12} stroke={1.5} aria-hidden /> {marks.notes}
          <span className="dx-unseen"> notes</span>
        </span>
      )}
      {labels.length > 0 && (
        <span className={classes.labels}>
          {labels.slice(0, LABELS_SHOWN).map(({ name, color }) => (
            <LabelChip key={name} name={name} color={color} />
          ))}
          {labels.length > LABELS_SHOWN && <span data-tip={labels.map(({ name }) => name).join(", ")}>+{labels.length - LABELS_SHOWN}</span>}
        </span>
      )}
    </div>
  );
}

/** A mark where somebody else is at it already. */
function RowLookers({ id }: { id: string }) {
  const others = useOthersAt(id);
  if (others.length === 0) return null;
  const words = alsoHere(others);
  return (
    <span className={classes.lookers} data-tip={words}>
      <IconEye size={12} stroke={1.75} aria-hidden /> {others.length}
      <span className="dx-unseen"> {words}</span>
    </span>
  );
}

const LOUD = new Set(["new", "regressed", "escalating"]);

function Badges({ issue }: { issue: Issue }) {
  const loud = issue.status === "unresolved" && LOUD.has(issue.substatus ?? "");
  return (
    <>
      {loud && (
        <span className={classes.badge} data-state={issue.substatus}>
          {stateWords(issue)}
        </span>
      )}
      {issue.status !== "unresolved" && (
        <span className={classes.badge} data-state={issue.status} data-tip={stateWords(issue)}>
          {stateWords(issue)}
        </span>
      )}
      {issue.isUnhandled && (
        <span className={classes.badge} data-state="unhandled" data-tip="The application did not catch this error">
          Unhandled
        </span>
      )}
    </>
  );
}

function RowColumns({ issue, actions }: { issue: Issue; actions: RowActions }) {
  const ask = (what: Question) => (event: MouseEvent<HTMLButtonElement>) => actions.choose(what, issue, event.currentTarget);
  const change = actions.may ? ". Change" : "";
  const assigned = issue.assignedTo === null ? "Assigned to nobody" : `Assigned to ${issue.assignedTo.name}`;
  return (
    <>
      <div className={classes.spark}>
        <Sparkline points={onlySeries(issue.stats)} noun="events" />
      </div>
      <div className={classes.number}>
        <Count value={Number(issue.count)} noun="event" />
      </div>
      <div className={classes.number}>
        <Count value={issue.userCount} noun="user" />
      </div>
      <div className={classes.priority}>
        <button type="button" disabled={!actions.may} aria-label={`Priority: ${priorityWord(issue.priority)}${change}`} aria-haspopup="dialog" data-tip={actions.may ? "Change the priority (p)" : undefined} onClick={ask("priority")}>
          <PriorityMark priority={issue.priority} />
          <span>{issue.priority === null ? "–" : priorityWord(issue.priority)}</span>
        </button>
      </div>
      <div className={classes.assignee}>
        <button type="button" disabled={!actions.may} aria-label={`${assigned}${change}`} aria-haspopup="dialog" data-tip={assigned} onClick={ask("assign")}>
          <Face name={issue.assignedTo?.name ?? null} team={issue.assignedTo?.type === "team"} />
        </button>
      </div>
      <div className={classes.last}>
        <span className="dx-unseen">last seen </span>
        <Ago iso={issue.lastSeen} bare />
      </div>
    </>
  );
}

function RowQuick({ issue, actions }: { issue: Issue; actions: RowActions }) {
  const open = issue.status === "unresolved";
  return (
    <div className={classes.quick}>
      <button type="button" aria-label={`${open ? "Resolve" : "Reopen"} ${issue.shortId}`} data-tip={open ? "Resolve (e)" : "Reopen (u)"} onClick={() => (open ? actions.resolve(issue) : actions.reopen(issue))}>
        {open ? <IconCheck size={16} stroke={1.75} /> : <IconArrowBackUp size={16} stroke={1.75} />}
      </button>
      <button
        type="button"
        aria-label={`Archive ${issue.shortId}`}
        aria-haspopup="dialog"
        data-tip="Archive… (y)"
        onClick={(event) => actions.choose("archive", issue, event.currentTarget)}
      >
        <IconArchive size={16} stroke={1.5} />
      </button>
    </div>
  );
}

function PhoneNumbers({ issue }: { issue: Issue }) {
  return (
    <div className={classes.phoneNumbers}>
      <Count value={Number(issue.count)} noun="event" />
      <span className={classes.phoneUsers}>
        <Count value={issue.userCount} noun="user" /> <span aria-hidden>{issue.userCount === 1 ? "user" : "users"}</span>
      </span>
      <Ago iso={issue.lastSeen} bare />
    </div>
  );
}
