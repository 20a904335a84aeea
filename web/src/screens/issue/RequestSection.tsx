import { Button, CopyButton } from "@mantine/core";
import { IconCheck, IconTerminal2 } from "@tabler/icons-react";

import type { HttpRequest } from "@/core/event/request";
import type { Pair } from "@/core/event/json";
import { safeLink } from "@/core/event/safeLink";
import { VisibleText } from "@/ui/VisibleText";

import dataClasses from "./data.module.css";
import { KeyValues } from "./KeyValues";
import { LongText } from "./LongText";
import { Section } from "./Section";

/** The request during which it happened, repeatable from a terminal. */
export function RequestSection({ request }: { request: HttpRequest }) {
  return (
    <Section id="request" title="Request" controls={request.curl !== null && <CopyCurl command={request.curl} />}>
      <p className={dataClasses.requestLine}>
        <span className={dataClasses.method}>{request.method}</span>
        <RequestUrl url={request.url} />
      </p>
      <div className={dataClasses.cards}>
        <Card title="Query" rows={request.query} />
        {request.body !== null && (
          <section className={dataClasses.card}>
            <h3>Body</h3>
            <div className={dataClasses.body}>
              <LongText text={request.body} lines={24} />
            </div>
          </section>
        )}
        <Card title="Headers" rows={request.headers} />
        <Card title="Cookies" rows={request.cookies} />
        <Card title="Environment" rows={request.environment} />
      </div>
    </Section>
  );
}

function RequestUrl({ url }: { url: string | null }) {
  if (url === null) return null;
  const link = safeLink(url);
  if (link === null) return <VisibleText text={url} />;
  return (
    <a className={dataClasses.outside} href={link} target="_blank" rel="noopener noreferrer nofollow">
      <VisibleText text={url} />
    </a>
  );
}

function CopyCurl({ command }: { command: string }) {
  return (
    <CopyButton value={command} timeout={1_500}>
      {({ copied, copy }) => (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={copied ? <IconCheck size={14} /> : <IconTerminal2 size={14} />}
          onClick={copy}
        >
          {copied ? "Copied" : "Copy as cURL"}
        </Button>
      )}
    </CopyButton>
  );
}

interface CardProps {
  title: string;
  rows: readonly Pair[];
  summary?: string | null;
  /** Show every row at once. */
  whole?: boolean;
}

/** A titled table, or nothing when it has no rows. */
export function Card({ title, rows, summary = null, whole = false }: CardProps) {
  if (rows.length === 0) return null;
  return (
    <section className={dataClasses.card}>
      <h3>
        <VisibleText text={title} />
        {summary !== null && (
          <span className={dataClasses.cardSummary}>
            <VisibleText text={summary} />
          </span>
        )}
      </h3>
      <KeyValues rows={rows} code whole={whole} />
    </section>
  );
}
