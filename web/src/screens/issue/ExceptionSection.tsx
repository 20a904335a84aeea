import { Button, CopyButton, SegmentedControl } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

import { useState } from "react";

import type { IssueView } from "@/core/event/address";
import type { EventView } from "@/core/event/event";
import { orderedChain, type Exception } from "@/core/event/exception";
import type { FrameOrder } from "@/core/event/frames";
import { stackText } from "@/core/event/stackText";
import { visibleText } from "@/core/event/visibleText";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./issue.module.css";
import stackClasses from "./stack.module.css";
import { KeyValues } from "./KeyValues";
import { LongText } from "./LongText";
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
        <pre className={stackClasses.raw} tabIndex={0} aria-label="Stack trace as text">
          <VisibleText text={raw} />
        </pre>
      ) : (
        chain.map(({ exception, link }) => (
          <ExceptionBlock key={exception.key} exception={exception} link={link} order={view.order} />
        ))
      )}
    </Section>
  );
}

const WAYS: { value: FrameOrder | "raw"; label: string }[] = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
  { value: "raw", label: "As text" },
];

function StackControls({ raw, view, onChange }: { raw: string } & Omit<Props, "event">) {
  return (
    <div className={classes.controls}>
      <SegmentedControl
        size="xs"
        aria-label="How to read the stack"
        value={view.raw ? "raw" : view.order}
        onChange={(way) => onChange(way === "raw" ? { raw: true } : { raw: false, order: way })}
        data={WAYS}
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

interface BlockProps {
  exception: Exception;
  link: string | null;
  order: FrameOrder;
}

function ExceptionBlock({ exception, link, order }: BlockProps) {
  const [minified, setMinified] = useState(false);
  const frames = minified ? exception.minified : exception.frames;
  return (
    <article className={stackClasses.exception} aria-label={visibleText(exception.type)}>
      {link !== null && <p className={stackClasses.relation}>{link}</p>}
      <h3 className={stackClasses.exceptionType}>
        <span className={stackClasses.exceptionName}>
          <VisibleText text={exception.type} />
        </span>
        {exception.handled === false && <span className={stackClasses.unhandled}>Unhandled</span>}
        {exception.mechanism !== null && (
          <span className={stackClasses.mechanism}>
            <VisibleText text={exception.mechanism} />
          </span>
        )}
        {exception.minified.length > 0 && (
          <button type="button" className={classes.textButton} onClick={() => setMinified(!minified)}>
            {minified ? "Show the original source" : "Show as minified"}
          </button>
        )}
      </h3>
      {exception.value !== "" && (
        <p className={stackClasses.exceptionValue}>
          <LongText text={exception.value} />
        </p>
      )}
      <Mechanism exception={exception} />
      <StackTrace key={String(minified)} frames={frames} order={order} label={`Frames of ${exception.type}`} />
    </article>
  );
}

/** What the SDK's hook knows about how it caught this: an error number, a signal. */
function Mechanism({ exception }: { exception: Exception }) {
  if (exception.mechanismData.length === 0) return null;
  return (
    <div className={stackClasses.mechanismData}>
      <KeyValues rows={exception.mechanismData} code wide />
    </div>
  );
}
