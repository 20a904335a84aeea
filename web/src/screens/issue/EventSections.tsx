import type { ReactNode } from "react";

import type { IssueView } from "@/core/event/address";
import type { EventView } from "@/core/event/event";
import type { Thread } from "@/core/event/exception";
import type { Pair } from "@/core/event/json";
import type { TagDistribution } from "@/core/event/tags";
import { counted, exactTime } from "@/core/format";
import { VisibleText } from "@/ui/VisibleText";

import { BreadcrumbsSection } from "./BreadcrumbsSection";
import { ExceptionSection } from "./ExceptionSection";
import dataClasses from "./data.module.css";
import stackClasses from "./stack.module.css";
import { Card, RequestSection } from "./RequestSection";
import { Section } from "./Section";
import { StackTrace } from "./StackTrace";
import { TagsSection } from "./TagsSection";

interface Props {
  event: EventView;
  view: IssueView;
  distributions: readonly TagDistribution[];
  tagsMissing: boolean;
  tagsNotice: ReactNode;
  onChange: (change: Partial<IssueView>) => void;
}

/** One event from top to bottom: what was raised, what led there, and in which surroundings. */
export function EventSections({ event, view, distributions, tagsMissing, tagsNotice, onChange }: Props) {
  return (
    <>
      <Problems event={event} />
      {event.message !== null && <MessageSection message={event.message} template={event.messageTemplate} />}
      {event.evidence.length > 0 && (
        <Section id="evidence" title="Evidence">
          <Cards>
            <Card title="What was seen" rows={event.evidence} />
          </Cards>
        </Section>
      )}
      {event.exceptions.length > 0 && <ExceptionSection event={event} view={view} onChange={onChange} />}
      {event.exceptions.length === 0 && event.template !== null && (
        <Section id="stack" title="Template">
          <StackTrace frames={[{ ...event.template, inApp: true }]} order="newest" label="Template" />
        </Section>
      )}
      <ThreadsSection event={event} view={view} />
      {event.reports.map((report) => (
        <Section key={report.title} id={`report-${report.title}`} title={report.title}>
          <Cards>
            <Card title="Report" rows={report.rows} />
          </Cards>
        </Section>
      ))}
      {event.breadcrumbs.length > 0 && <BreadcrumbsSection event={event} />}
      {event.request !== null && <RequestSection request={event.request} />}
      <TagsSection tags={event.tags} distributions={distributions} missing={tagsMissing} notice={tagsNotice} />
      <ContextsSection event={event} />
    </>
  );
}

/** The names and anchors of the sections that this event has, in their order. */
export function outlineOf(event: EventView): readonly { id: string; label: string }[] {
  return [
    ...(event.message === null ? [] : [{ id: "message", label: "Message" }]),
    ...(event.exceptions.length === 0 ? [] : [{ id: "stack", label: "Stack trace" }]),
    ...(shownThreads(event).length === 0 ? [] : [{ id: "threads", label: "Threads" }]),
    ...(event.breadcrumbs.length === 0 ? [] : [{ id: "breadcrumbs", label: "Breadcrumbs" }]),
    ...(event.request === null ? [] : [{ id: "request", label: "Request" }]),
    { id: "tags", label: "Tags" },
    { id: "contexts", label: "Contexts" },
  ];
}

function Cards({ children }: { children: ReactNode }) {
  return <div className={dataClasses.cards}>{children}</div>;
}

function MessageSection({ message, template }: { message: string; template: string | null }) {
  return (
    <Section id="message" title="Message">
      <p className={dataClasses.message}>
        <VisibleText text={message} />
      </p>
      {template !== null && (
        <p className={dataClasses.messageTemplate}>
          <VisibleText text={template} />
        </p>
      )}
    </Section>
  );
}

/** What Sentry could not process: the reader should know before trusting the stack below. */
function Problems({ event }: { event: EventView }) {
  if (event.problems.length === 0) return null;
  const words = event.problems.length === 1 ? "1 problem" : `${String(event.problems.length)} problems`;
  return (
    <details className={dataClasses.problems}>
      <summary>Sentry had {words} with this event. Parts of it may be missing.</summary>
      {event.problems.map((problem, index) => (
        <Card key={index} title={problem.message} rows={problem.rows.length > 0 ? problem.rows : NO_DETAIL} />
      ))}
    </details>
  );
}

const NO_DETAIL: readonly Pair[] = [{ name: "Detail", text: "none given" }];

function shownThreads(event: EventView): readonly Thread[] {
  // A single thread next to an exception is the exception's own stack again.
  return event.exceptions.length > 0 && event.threads.length < 2 ? [] : event.threads;
}

function ThreadsSection({ event, view }: { event: EventView; view: IssueView }) {
  const threads = shownThreads(event);
  if (threads.length === 0) return null;
  return (
    <Section id="threads" title="Threads" count={threads.length}>
      {threads.map((thread, index) => (
        <details key={thread.key} className={stackClasses.thread} open={index === 0 && event.exceptions.length === 0}>
          <summary>
            <VisibleText text={thread.name} />
            {thread.crashed && <span className={stackClasses.unhandled}>Crashed</span>}
            {thread.state !== null && (
              <span className={stackClasses.mechanism}>
                <VisibleText text={thread.state} />
              </span>
            )}
          </summary>
          <StackTrace frames={thread.frames} order={view.order} label={`Frames of ${thread.name}`} />
        </details>
      ))}
    </Section>
  );
}

function ContextsSection({ event }: { event: EventView }) {
  return (
    <Section id="contexts" title="Contexts">
      <Cards>
        {event.person !== null && <Card title="User" summary={event.person.label} rows={event.person.rows} />}
        <Card title="Event, release and SDK" rows={eventRows(event)} whole />
        {event.contexts.map((context) => (
          <Card key={context.key} title={context.title} summary={context.summary} rows={context.rows} />
        ))}
        <Card title="Additional data" rows={event.extra} />
        <Card title="Packages" rows={event.packages} />
      </Cards>
    </Section>
  );
}

function eventRows(event: EventView): Pair[] {
  const sdk = event.sdk === null ? null : [event.sdk.name, event.sdk.version].filter((part) => part !== null).join(" ");
  const rows: [string, string | null][] = [
    ["Event ID", event.id],
    ["Happened", event.at === null ? null : exactTime(event.at)],
    ["Received", event.receivedAt === null ? null : exactTime(event.receivedAt)],
    ["Release", event.release],
    ["Distribution", event.dist],
    ["Environment", event.environment],
    ["Platform", event.platform],
    ["SDK", sdk],
    ["Size", event.sizeBytes === null ? null : counted(event.sizeBytes, "byte")],
  ];
  return rows.flatMap(([name, text]) => (text === null || text === "" ? [] : [{ name, text }]));
}
