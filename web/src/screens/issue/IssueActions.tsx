import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconArchive, IconArrowBackUp, IconCheck, IconChevronDown, IconDots, IconSelector } from "@tabler/icons-react";
import { useRef, type ReactNode } from "react";

import { priorityWord, stateWords } from "@/core/issueWords";
import type { Issue, IssueUpdate } from "@/core/model";
import { READS_ONLY } from "@/core/people";
import { useChanged } from "@/queries/live";
import { Face } from "@/ui/Face";
import { VisibleText } from "@/ui/VisibleText";

import { PriorityMark } from "../triage/PriorityMark";
import { useTriage } from "../triage/triage";
import headerClasses from "./header.module.css";

/** The issue's state and everything that changes it. */
export function IssueActions({ issue }: { issue: Issue }) {
  const { may } = useTriage();
  const changed = useChanged(issue.id);
  if (!may) {
    return (
      <div className={headerClasses.actions}>
        <StateBadge issue={issue} flashes={changed.has("status") || changed.has("substatus")} />
        <span className={headerClasses.fact} data-flash={changed.has("assignedTo") || undefined}>
          <Face name={issue.assignedTo?.name ?? null} team={issue.assignedTo?.type === "team"} size={18} />
          <span className="dx-unseen">Assignee: </span>
          {issue.assignedTo === null ? "Unassigned" : <VisibleText text={issue.assignedTo.name} />}
        </span>
        <span className={headerClasses.fact} data-flash={changed.has("priority") || undefined}>
          <PriorityMark priority={issue.priority} />
          <span className="dx-unseen">Priority: </span>
          {priorityWord(issue.priority)}
        </span>
        <span className={headerClasses.readsOnly} data-tip={READS_ONLY} tabIndex={0}>
          Read only
          <span className="dx-unseen">. {READS_ONLY}</span>
        </span>
      </div>
    );
  }
  return (
    <div className={headerClasses.actions}>
      <StateBadge issue={issue} flashes={changed.has("status") || changed.has("substatus")} />
      {issue.status === "unresolved" ? <Decide issue={issue} /> : <Reopen issue={issue} />}
      <span className={headerClasses.divider} aria-hidden />
      <AssignButton issue={issue} flashes={changed.has("assignedTo")} />
      <PriorityButton issue={issue} flashes={changed.has("priority")} />
      <MoreMenu issue={issue} />
    </div>
  );
}

/** The issue's state in words; its colour only repeats them. */
function StateBadge({ issue, flashes }: { issue: Issue; flashes: boolean }) {
  return (
    <span
      className={headerClasses.state}
      data-flash={flashes || undefined}
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
        hint="Archive until it escalates (shift+y)"
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
        className={headerClasses.splitArrow}
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

/** What is done more rarely; what cannot be taken back is always shown before it is done. */
function MoreMenu({ issue }: { issue: Issue }) {
  const triage = useTriage();
  const apply = (update: IssueUpdate) => () => void triage.apply([issue], update);
  const preview = (op: "delete" | "discard") => () => triage.bulk({ selection: { ids: [issue.id] }, total: 1 }, [{ op }]);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label="More actions for this issue">
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={apply({ subscribed: !issue.isSubscribed })}>{issue.isSubscribed ? "Unsubscribe" : "Subscribe"}</Menu.Item>
        <Menu.Item onClick={apply({ reviewed: true })}>Mark as reviewed</Menu.Item>
        <Menu.Item onClick={apply({ seen: !issue.hasSeen })}>{issue.hasSeen ? "Mark as unseen" : "Mark as seen"}</Menu.Item>
        <Menu.Item onClick={apply({ public: issue.isPublic !== true })}>{issue.isPublic === true ? "Stop sharing" : "Share with everybody who has the link"}</Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" onClick={preview("delete")}>
          Delete…
        </Menu.Item>
        <Menu.Item color="red" onClick={preview("discard")}>
          Delete and discard future events…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function AssignButton({ issue, flashes }: { issue: Issue; flashes: boolean }) {
  const triage = useTriage();
  const who = issue.assignedTo;
  return (
    <Button
      size="xs"
      variant="default"
      className={headerClasses.pick}
      data-flash={flashes || undefined}
      leftSection={<Face name={who?.name ?? null} team={who?.type === "team"} size={18} />}
      rightSection={<IconSelector size={14} />}
      aria-haspopup="dialog"
      data-tip="Assign (a)"
      onClick={(press) => triage.choose("assign", [issue], press.currentTarget)}
    >
      <span className="dx-unseen">Assignee: </span>
      {who === null ? "Unassigned" : <VisibleText text={who.name} />}
    </Button>
  );
}

function PriorityButton({ issue, flashes }: { issue: Issue; flashes: boolean }) {
  const triage = useTriage();
  return (
    <Button
      size="xs"
      variant="default"
      className={headerClasses.pick}
      data-flash={flashes || undefined}
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
