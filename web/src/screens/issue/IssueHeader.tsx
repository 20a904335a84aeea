import { ActionIcon, Button } from "@mantine/core";
import {
  IconArrowLeft,
  IconChevronDown,
  IconChevronUp,
  IconExternalLink,
  IconStar,
  IconStarFilled,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { ListAddress } from "@/core/event/address";
import type { IssueDetail } from "@/core/event/detail";
import type { Neighbours } from "@/core/event/neighbours";
import { exactCount } from "@/core/format";
import { headline, levelWord } from "@/core/issueWords";
import type { Issue } from "@/core/model";
import { CopyIcon } from "@/ui/CopyIcon";
import { VisibleText } from "@/ui/VisibleText";

import { useTriage } from "../triage/triage";
import headerClasses from "./header.module.css";
import { IssueActions } from "./IssueActions";
import { LongText } from "./LongText";
import { Lookers } from "./Lookers";

interface Props {
  detail: IssueDetail;
  /** The list it stands in. */
  list: ListAddress;
  neighbours: Neighbours | null;
  onGo: (issueId: string) => void;
  refresh: ReactNode;
  /** Where it stands beside the list there is no way back to show, and its heading is not the page's. */
  beside?: boolean;
}

/** What broke, in which state it is, and everything that can be done about it. */
export function IssueHeader({ detail, list, neighbours, onGo, refresh, beside = false }: Props) {
  const { issue } = detail;
  return (
    <header className={headerClasses.head}>
      <div className={headerClasses.trail}>
        {!beside && (
          <>
            <Link className={headerClasses.back} to="/" search={list}>
              <IconArrowLeft size={14} aria-hidden /> Issues
            </Link>
            <span className={headerClasses.slash} aria-hidden>
              /
            </span>
          </>
        )}
        <span className={headerClasses.project}>
          <VisibleText text={issue.project.slug} />
        </span>
        <span className={headerClasses.slash} aria-hidden>
          /
        </span>
        <span className={headerClasses.shortId}>
          <VisibleText text={issue.shortId} />
          <CopyIcon text={issue.shortId} label="Copy the short ID" />
        </span>
        <span className={headerClasses.trailEnd}>
          <Lookers issueId={issue.id} />
          {neighbours !== null && <Walk neighbours={neighbours} onGo={onGo} />}
          {refresh}
          <Bookmark issue={issue} />
          <SentryLink href={detail.sentryLink} />
        </span>
      </div>
      <Title issue={issue} />
      <IssueActions issue={issue} />
    </header>
  );
}

function Walk({ neighbours, onGo }: { neighbours: Neighbours; onGo: (id: string) => void }) {
  const { position, total, isLeast, previous, next } = neighbours;
  return (
    <span className={headerClasses.walk}>
      <span className={headerClasses.walkPlace}>
        {exactCount(position)} of {exactCount(total)}
        {isLeast && "+"}
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
  if (!triage.may) return null;
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
    <div className={headerClasses.title} data-level={issue.level}>
      <h1>
        <span className="dx-unseen">{levelWord(issue.level)}: </span>
        <VisibleText text={type} />
      </h1>
      {value !== "" && (
        <p className={headerClasses.value}>
          <LongText text={value} />
        </p>
      )}
      {issue.culprit !== null && (
        <p className={headerClasses.culprit}>
          <VisibleText text={issue.culprit} />
        </p>
      )}
    </div>
  );
}
