import { ActionIcon } from "@mantine/core";
import { IconArrowsDiagonal, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";

import type { IssueAddress } from "@/core/event/address";
import { addressOf } from "@/core/view";

import classes from "./stream.module.css";
import type { Split } from "./useSplit";
import { useView } from "./useView";

const IssueScreen = lazy(async () => ({ default: (await import("@/screens/issue/IssueScreen")).IssueScreen }));

/** The issue beside the list. */
export function SplitPane({ split }: { split: Split }) {
  const { issueId } = split;
  const { view } = useView();
  return (
    <aside className={classes.pane} aria-label="The issue">
      <div className={classes.paneTools}>
        {issueId !== null && (
          <Link to="/issues/$issueId" params={{ issueId }} search={addressOf(view)} className={classes.paneLink} aria-label="Open on a page of its own" data-tip="Open on a page of its own (o)">
            <IconArrowsDiagonal size={16} stroke={1.5} />
          </Link>
        )}
        <ActionIcon variant="subtle" color="gray" size={28} aria-label="Close the split" data-tip="Close the split (v)" onClick={() => split.toggle(null)}>
          <IconX size={16} stroke={1.5} />
        </ActionIcon>
      </div>
      {issueId === null ? <p className={classes.paneEmpty}>Choose an issue: j and k move through the list.</p> : <PaneIssue key={issueId} issueId={issueId} split={split} />}
    </aside>
  );
}

function PaneIssue({ issueId, split }: { issueId: string; split: Split }) {
  const [address, setAddress] = useState<IssueAddress>({});
  return (
    <Suspense fallback={<p className={classes.paneEmpty}>Loading</p>}>
      <IssueScreen issueId={issueId} address={address} beside={{ onAddress: setAddress, toIssue: split.show, close: () => split.toggle(null) }} />
    </Suspense>
  );
}
