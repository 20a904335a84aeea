import { ActionIcon, Button } from "@mantine/core";
import {
  IconArchive,
  IconArrowBackUp,
  IconArrowLeft,
  IconCheck,
  IconChevronDown,
  IconChevronUp,
  IconExternalLink,
  IconSelector,
  IconStar,
  IconStarFilled,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useRef, type ReactNode } from "react";

import type { IssueDetail } from "@/core/event/detail";
import type { Neighbours } from "@/core/event/neighbours";
import { headline, levelWord, priorityWord, stateWords } from "@/core/issueWords";
import type { Issue } from "@/core/model";
import { addressOf, DEFAULT_VIEW } from "@/core/view";
import { CopyIcon } from "@/ui/CopyIcon";
import { Face } from "@/ui/Face";
import { VisibleText } from "@/ui/VisibleText";

import { PriorityMark } from "../triage/PriorityMark";
import { useTriage } from "../triage/triage";
import classes from "./issue.module.css";
import { LongText } from "./LongText";

interface Props {
  detail: IssueDetail;
  neighbours: Neighbours | null;
  onGo: (issueId: string) => void;
  refresh: ReactNode;
}

/** What broke, in which state it is, and everything that can be done about it. */
export function IssueHeader({ detail, neighbours, onGo, refresh }: Props) {
  const { issue } = detail;
  return (
    <header className={classes.head}>
      <div className={classes.trail}>
        <Link className={classes.back} to="/" search={addressOf(neighbours?.view ?? DEFAULT_VIEW)}>
          <IconArrowLeft size={14} aria-hidden /> Issues
        </Link>
        <span className={classes.slash} aria-hidden>
          /
        </span>
        <span className={classes.project}>
          <VisibleText text={issue.project.slug} />
        </span>
        <span className={classes.slash} aria-hidden>
          /
        </span>
        <span className={classes.shortId}>
          <VisibleText text={issue.shortId} />
          <CopyIcon text={issue.shortId} label="Copy the short ID" />
        </span>
        <span className={classes.trailEnd}>
          {neighbours !== null && <Walk neighbours={neighbours} onGo={onGo} />}
          {refresh}
          <Bookmark issue={issue} />
          <SentryLink href={detail.sentryLink} />
        </span>
      </div>
      <Title issue={issue} />
      <Actions issue={issue} />
    </header>
  );
}

function Walk({ neighbours, onGo }: { neighbours: Neighbours; onGo: (id: string) => void }) {
  const { position, total, previous, next } = neighbours;
  return (
    <span className={classes.walk}>
      <span className={classes.walkPlace}>
        {position} of {total}
      </span>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Previous issue"
        data-tip="Previous issue (k)"
        disabled={previous === null}
        onClick={() => previous !== null && onGo(previous)}
      >
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Next issue"
        data-tip="Next issue (j)"
        disabled={next === null}
        onClick={() => next !== null && onGo(next)}
      >
        <IconChevronDown size={16} />
      </ActionIcon>
    </span>
  );
}

function Bookmark({ issue }: { issue: Issue }) {
  const triage = useTriage();
  const words = issue.isBookmarked ? "Remove the bookmark" : "Bookmark";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label="Bookmark"
      aria-pressed={issue.isBookmarked}
      data-tip={words}
      onClick={() => void triage.apply([issue], { bookmark: !issue.isBookmarked })}
    >
      {issue.isBookmarked ? <IconStarFilled size={16} color="var(--dx-warning)" /> : <IconStar size={16} />}
    </ActionIcon>
  );
}

function SentryLink({ href }: { href: string | null }) {
  if (href === null) return null;
  return (
    <Button
      component="a"
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      size="compact-sm"
      variant="subtle"
      color="gray"
      rightSection={<IconExternalLink size={14} />}
    >
      Open in Sentry
    </Button>
  );
}

function Title({ issue }: { issue: Issue }) {
  const { type, value } = headline(issue);
  return (
    <div className={classes.title} data-level={issue.level}>
      <h1>
        <span className="dx-unseen">{levelWord(issue.level)}: </span>
        <VisibleText text={type} />
      </h1>
      {value !== "" && (
        <p className={classes.value}>
          <LongText text={value} />
        </p>
      )}
      {issue.culprit !== null && (
        <p className={classes.culprit}>
          <VisibleText text={issue.culprit} />
        </p>
      )}
    </div>
  );
}

function Actions({ issue }: { issue: Issue }) {
  return (
    <div className={classes.actions}>
      <StateBadge issue={issue} />
      {issue.status === "unresolved" ? <Decide issue={issue} /> : <Reopen issue={issue} />}
      <span className={classes.divider} aria-hidden />
      <AssignButton issue={issue} />
      <PriorityButton issue={issue} />
    </div>
  );
}

/** The issue's state in words; its colour only repeats them. */
function StateBadge({ issue }: { issue: Issue }) {
  return (
    <span
      className={classes.state}
      data-state={issue.status}
      data-substate={issue.substatus ?? undefined}
      role="status"
    >
      <VisibleText text={stateWords(issue)} />
    </span>
  );
}

function Decide({ issue }: { issue: Issue }) {
  const triage = useTriage();
  return (
    <>
      <Split
        label="Resolve"
        menuLabel="More ways to resolve"
        hint="Resolve (e)"
        icon={<IconCheck size={16} />}
        primary
        onClick={() => void triage.apply([issue], { status: "resolved" })}
        onMenu={(anchor) => triage.choose("resolve", [issue], anchor)}
      />
      <Split
        label="Archive"
        menuLabel="More ways to archive"
        hint="Archive until it escalates (a)"
        icon={<IconArchive size={16} />}
        onClick={() => void triage.apply([issue], { status: "archived", archive: { mode: "until_escalating" } })}
        onMenu={(anchor) => triage.choose("archive", [issue], anchor)}
      />
    </>
  );
}

interface SplitProps {
  label: string;
  menuLabel: string;
  hint: string;
  icon: ReactNode;
  primary?: boolean;
  onClick: () => void;
  onMenu: (anchor: HTMLElement | null) => void;
}

/** The usual way as a button, the other ways behind its arrow. */
function Split({ label, menuLabel, hint, icon, primary = false, onClick, onMenu }: SplitProps) {
  const box = useRef<HTMLDivElement>(null);
  const variant = primary ? "filled" : "default";
  return (
    <Button.Group ref={box}>
      <Button size="xs" variant={variant} leftSection={icon} data-tip={hint} onClick={onClick}>
        {label}
      </Button>
      <Button
        size="xs"
        px={6}
        variant={variant}
        className={classes.splitArrow}
        aria-label={menuLabel}
        aria-haspopup="dialog"
        data-tip={menuLabel}
        onClick={() => onMenu(box.current)}
      >
        <IconChevronDown size={14} />
      </Button>
    </Button.Group>
  );
}

function Reopen({ issue }: { issue: Issue }) {
  const triage = useTriage();
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconArrowBackUp size={16} />}
      data-tip="Reopen (e)"
      onClick={() => void triage.apply([issue], { status: "unresolved" })}
    >
      Reopen
    </Button>
  );
}

function AssignButton({ issue }: { issue: Issue }) {
  const triage = useTriage();
  const who = issue.assignedTo;
  return (
    <Button
      size="xs"
      variant="default"
      className={classes.pick}
      leftSection={<Face name={who?.name ?? null} team={who?.type === "team"} size={18} />}
      rightSection={<IconSelector size={14} />}
      aria-haspopup="dialog"
      data-tip="Assign (m)"
      onClick={(press) => triage.choose("assign", [issue], press.currentTarget)}
    >
      <span className="dx-unseen">Assignee: </span>
      {who === null ? "Unassigned" : <VisibleText text={who.name} />}
    </Button>
  );
}

function PriorityButton({ issue }: { issue: Issue }) {
  const triage = useTriage();
  return (
    <Button
      size="xs"
      variant="default"
      className={classes.pick}
      leftSection={<PriorityMark priority={issue.priority} />}
      rightSection={<IconSelector size={14} />}
      aria-haspopup="dialog"
      data-tip="Priority (p)"
      onClick={(press) => triage.choose("priority", [issue], press.currentTarget)}
    >
      <span className="dx-unseen">Priority: </span>
      {priorityWord(issue.priority)}
    </Button>
  );
}
