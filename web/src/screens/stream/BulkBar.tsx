import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconArchive, IconArrowBackUp, IconCheck, IconDots, IconTag, IconUserPlus, IconX } from "@tabler/icons-react";
import type { MouseEvent } from "react";

import type { Operation } from "@/core/bulk/job";
import { counted, exactCount } from "@/core/format";
import { MOST_COUNTED } from "@/core/paging";
import { READS_ONLY } from "@/core/people";
import { EVERY_MATCH, NOTHING_SELECTED, pageIsChosen, type Selection } from "@/core/selection";
import { PriorityMark } from "@/screens/triage/PriorityMark";
import { asCrowd, type Crowd, isCrowd, type Question, type Subjects, useTriage } from "@/screens/triage/triage";

import type { SelectionChange } from "./chosen";
import classes from "./stream.module.css";

interface Props {
  subjects: Subjects;
  /** How many are selected; null when all that match are and nobody has counted them. */
  size: number | null;
  selection: Selection;
  order: readonly string[];
  total: number | null;
  /** Whether more match than are loaded. */
  more: boolean;
  onSelection: SelectionChange;
}

/** The actions for the selection. It takes room of its own, so it never covers a row. */
export function BulkBar({ subjects, size, selection, order, total, more, onSelection }: Props) {
  const triage = useTriage();
  const offersAll = selection.kind === "some" && more && pageIsChosen(selection, order);
  return (
    <div className={classes.bulk} data-bulk-bar role="region" aria-label="Actions for the selection">
      <ActionIcon variant="subtle" color="gray" size={32} aria-label="Clear the selection" onClick={() => onSelection(() => NOTHING_SELECTED)}>
        <IconX size={16} stroke={1.5} />
      </ActionIcon>
      <strong role="status">{sizeWords(selection, size, order)}</strong>
      {offersAll && (
        <Button size="compact-md" h={32} variant="subtle" onClick={() => onSelection(() => EVERY_MATCH)}>
          Select all {totalOf(total)}matching
        </Button>
      )}
      {triage.may ? <BulkActions subjects={subjects} /> : <span className={classes.bulkNote}>{READS_ONLY}</span>}
    </div>
  );
}

function BulkActions({ subjects }: { subjects: Subjects }) {
  const triage = useTriage();
  const allOpen = isCrowd(subjects) || subjects.every(({ status }) => status === "unresolved");
  const choose = (what: Question) => (event: MouseEvent<HTMLButtonElement>) => triage.choose(what, subjects, event.currentTarget);
  return (
      <div className={classes.bulkActions}>
        {allOpen ? (
          <Button size="compact-md" h={32} leftSection={<IconCheck size={16} stroke={1.5} />} onClick={() => void triage.apply(subjects, { status: "resolved" })}>
            Resolve
          </Button>
        ) : (
          <Button size="compact-md" h={32} leftSection={<IconArrowBackUp size={16} stroke={1.5} />} onClick={() => void triage.apply(subjects, { status: "unresolved" })}>
            Reopen
          </Button>
        )}
        <Button size="compact-md" h={32} variant="default" leftSection={<IconArchive size={16} stroke={1.5} />} onClick={choose("archive")}>
          Archive…
        </Button>
        <Button size="compact-md" h={32} variant="default" leftSection={<IconUserPlus size={16} stroke={1.5} />} onClick={choose("assign")}>
          Assign…
        </Button>
        <Button size="compact-md" h={32} variant="default" leftSection={<PriorityMark priority="high" />} onClick={choose("priority")}>
          Priority…
        </Button>
        <Button size="compact-md" h={32} variant="default" leftSection={<IconTag size={16} stroke={1.5} />} onClick={choose("label")}>
          Label…
        </Button>
        <MoreMenu subjects={subjects} />
      </div>
  );
}

const totalOf = (total: number | null): string => (total === null ? "" : `${exactCount(total)}${total === MOST_COUNTED ? "+" : ""} `);

function sizeWords(selection: Selection, size: number | null, order: readonly string[]): string {
  if (selection.kind === "all") {
    const all = size === null ? "All matching issues" : `All ${totalOf(size)}matching issues`;
    return `${all} selected${selection.except.size === 0 ? "" : `, without ${exactCount(selection.except.size)}`}`;
  }
  const present = new Set(order);
  const elsewhere = [...selection.ids].filter((id) => !present.has(id)).length;
  return `${counted(selection.ids.size, "issue")} selected${elsewhere === 0 ? "" : `, ${exactCount(elsewhere)} not in the list now`}`;
}

/** What is done more rarely, and what cannot be taken back: always shown before it is done. */
function MoreMenu({ subjects }: { subjects: Subjects }) {
  const triage = useTriage();
  const crowd: Crowd = isCrowd(subjects) ? subjects : asCrowd(subjects);
  const preview = (operation: Operation) => () => triage.bulk(crowd, [operation]);
  return (
    <Menu position="top-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" size={32} aria-label="More actions for the selection">
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => triage.bulk(crowd, [])}>Several things at once…</Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => triage.choose("resolve", subjects)}>Resolve in a release or commit…</Menu.Item>
        <Menu.Item onClick={() => void triage.apply(subjects, { status: "unresolved" })}>Reopen</Menu.Item>
        <Menu.Item onClick={() => void triage.apply(subjects, { reviewed: true })}>Mark as reviewed</Menu.Item>
        <Menu.Item onClick={() => void triage.apply(subjects, { seen: true })}>Mark as seen</Menu.Item>
        <Menu.Item onClick={() => void triage.apply(subjects, { bookmark: true })}>Bookmark</Menu.Item>
        <Menu.Item onClick={() => void triage.apply(subjects, { subscribed: true })}>Subscribe</Menu.Item>
        <Menu.Item onClick={() => triage.merge(subjects)}>Merge…</Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" onClick={preview({ op: "delete" })}>
          Delete…
        </Menu.Item>
        <Menu.Item color="red" onClick={preview({ op: "discard" })}>
          Delete and discard future events…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
