import { Button, CopyButton, SegmentedControl, Switch } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

import type { IssueView } from "@/core/event/address";
import type { EventView } from "@/core/event/event";
import { orderedChain, type Exception } from "@/core/event/exception";
import { stackText } from "@/core/event/stackText";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./issue.module.css";
import { Section } from "./Section";
import { StackTrace } from "./StackTrace";

interface Props {
  event: EventView;
  view: IssueView;
  onChange: (change: Partial<IssueView>) => void;
}

/** What was raised, and the stacks that led there: the exception chain in order. */
export function ExceptionSection({ event, view, onChange }: Props) {
  const raw = stackText(event.exceptions, event.platform);
  const chain = orderedChain(event.exceptions, view.order);
  return (
    <Section id="stack" title="Stack trace" controls={<StackControls raw={raw} view={view} onChange={onChange} />}>
      {view.raw ? (
        <pre className={classes.raw} tabIndex={0} aria-label="Stack trace as text">
          <VisibleText text={raw} />
        </pre>
      ) : (
        chain.map((exception, index) => (
          <ExceptionBlock key={exception.key} exception={exception} view={view} isFirst={index === 0} />
        ))
      )}
    </Section>
  );
}

function StackControls({ raw, view, onChange }: { raw: string } & Omit<Props, "event">) {
  return (
    <div className={classes.controls}>
      <Switch
        size="xs"
        label="As text"
        checked={view.raw}
        onChange={(change) => onChange({ raw: change.currentTarget.checked })}
      />
      <SegmentedControl
        size="xs"
        aria-label="Order of frames"
        value={view.order}
        disabled={view.raw}
        onChange={(order) => onChange({ order: order === "oldest" ? "oldest" : "newest" })}
        data={[
          { value: "newest", label: "Newest first" },
          { value: "oldest", label: "Oldest first" },
        ]}
      />
      <CopyButton value={raw} timeout={1_500}>
        {({ copied, copy }) => (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            onClick={copy}
          >
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}

function ExceptionBlock({ exception, view, isFirst }: { exception: Exception; view: IssueView; isFirst: boolean }) {
  return (
    <article className={classes.exception} aria-label={exception.type}>
      {exception.relation !== null && !isFirst && <p className={classes.relation}>{exception.relation}</p>}
      <h3 className={classes.exceptionType}>
        <VisibleText text={exception.type} />
        {exception.handled === false && <span className={classes.unhandled}>Unhandled</span>}
        {exception.mechanism !== null && <span className={classes.mechanism}>{exception.mechanism}</span>}
      </h3>
      {exception.value !== "" && (
        <p className={classes.exceptionValue}>
          <VisibleText text={exception.value} />
        </p>
      )}
      <StackTrace frames={exception.frames} order={view.order} label={`Frames of ${exception.type}`} />
    </article>
  );
}
