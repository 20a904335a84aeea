import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type SyntheticEvent, useEffect, useState } from "react";

import { asApiError } from "@/api/error";
import {
  actionWords, AUDIT_FACES, AUDIT_SPANS, type AuditAddress, auditAddressOf, type AuditRow, type AuditView, auditViewOf, faceWord, outcomeWord, readAudit, spanWord,
} from "@/core/audit";
import { differences, facts } from "@/core/bulk/words";
import { auditExportAddress, auditQuery } from "@/queries/audit";
import { Ago } from "@/ui/Ago";
import { useCommands } from "@/ui/commands";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorState } from "@/ui/ErrorState";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./audit.module.css";

/** Who changed what, when, through which face, from which value to which. */
export function AuditScreen({ address }: { address: AuditAddress }) {
  const view = auditViewOf(address);
  const navigate = useNavigate();
  const log = useInfiniteQuery(auditQuery(view));
  const change = (part: Partial<AuditView>) => void navigate({ to: "/audit", search: auditAddressOf({ ...view, ...part }) });
  useEffect(() => {
    document.title = "Audit · Dexter";
  }, []);
  useCommands([{ id: "list.refresh", label: "Refresh the log", section: "View", run: () => void log.refetch() }]);
  const rows = log.data?.pages.flatMap((page) => readAudit(page.data)) ?? [];
  const filtered = Object.keys(address).length > 0;
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Audit</h1>
        <div className={classes.exports}>
          <a href={auditExportAddress(view, "csv")} download>
            Export as CSV
          </a>
          <a href={auditExportAddress(view, "ndjson")} download>
            as NDJSON
          </a>
        </div>
      </header>
      <AuditFilters key={JSON.stringify(view)} view={view} onChange={change} />
      {log.isPending && (
        <p className={classes.quiet} role="status">
          Loading the log
        </p>
      )}
      {log.isLoadingError && <ErrorState error={log.error} onRetry={() => void log.refetch()} />}
      {log.isRefetchError && (
        <p className={classes.quiet} role="alert">
          {asApiError(log.error).message}. This is the log as it was.
        </p>
      )}
      {log.isSuccess && rows.length === 0 && (
        <EmptyState
          icon={<IconHistory size={32} stroke={1.25} />}
          title={filtered ? "Nothing fits these filters" : "Nothing has been changed yet"}
          actions={filtered ? <Button variant="default" onClick={() => void navigate({ to: "/audit", search: {} })}>Clear the filters</Button> : undefined}
        >
          Whatever is changed through Dexter is written down here: by whom, when, through which face, from which value to which.
        </EmptyState>
      )}
      {rows.length > 0 && (
        <div className={classes.scroller} tabIndex={0} role="region" aria-label="The log">
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">On</th>
                <th scope="col">From, to</th>
                <th scope="col">Outcome</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.id} row={row} onPerson={() => change({ person: row.person })} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {log.hasNextPage && (
        <Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
          Show older
        </Button>
      )}
    </div>
  );
}

function AuditFilters({ view, onChange }: { view: AuditView; onChange: (part: Partial<AuditView>) => void }) {
  const [person, setPerson] = useState(view.person);
  const [action, setAction] = useState(view.action);
  const [issue, setIssue] = useState(view.issue);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onChange({ person, action, issue });
  };
  return (
    <form className={classes.filters} role="search" aria-label="Filter the log" onSubmit={submit}>
      <TextInput size="xs" label="Person" placeholder="Name or id" value={person} onChange={(event) => setPerson(event.currentTarget.value)} />
      <TextInput size="xs" label="Action" placeholder="issues.update" value={action} onChange={(event) => setAction(event.currentTarget.value)} />
      <TextInput size="xs" label="Issue" placeholder="Its number" value={issue} onChange={(event) => setIssue(event.currentTarget.value)} />
      <NativeSelect
        size="xs"
        label="Through"
        value={view.face ?? ""}
        onChange={(event) => onChange({ person, action, issue, face: AUDIT_FACES.find((face) => face === event.currentTarget.value) ?? null })}
        data={[{ value: "", label: "Any face" }, ...AUDIT_FACES.map((face) => ({ value: face, label: faceWord(face) }))]}
      />
      <NativeSelect
        size="xs"
        label="When"
        value={view.span ?? ""}
        onChange={(event) => onChange({ person, action, issue, span: AUDIT_SPANS.find((span) => span === event.currentTarget.value) ?? null })}
        data={[{ value: "", label: "At any time" }, ...AUDIT_SPANS.map((span) => ({ value: span, label: spanWord(span) }))]}
      />
      <Button size="xs" type="submit" variant="default">
        Filter
      </Button>
    </form>
  );
}

function Row({ row, onPerson }: { row: AuditRow; onPerson: () => void }) {
  return (
    <tr data-outcome={row.outcome}>
      <td className={classes.when}>{row.at !== null && <Ago iso={new Date(row.at).toISOString()} />}</td>
      <td>
        <button type="button" className={classes.person} aria-label={`Only what ${row.person} did`} onClick={onPerson}>
          <VisibleText text={row.person} />
        </button>
        <small>{faceWord(row.face)}</small>
        {row.sentryAccount !== null && (
          <small>
            in Sentry as <VisibleText text={row.sentryAccount} />
          </small>
        )}
      </td>
      <td>{actionWords(row.action)}</td>
      <td>{row.target !== null && <Target target={row.target} />}</td>
      <td className={classes.change}>
        {row.before !== null &&
          row.after !== null &&
          differences(row.before, row.after).map(({ field, from, to }, index) => (
            <div key={index}>
              {field}: <VisibleText text={from} /> → <VisibleText text={to} />
            </div>
          ))}
        {(row.before === null || row.after === null) &&
          facts(row.after ?? row.before).map(({ field, value }, index) => (
            <div key={index}>
              {row.after === null ? "Was " : ""}
              {row.after === null ? field.toLowerCase() : field}: <VisibleText text={value} />
            </div>
          ))}
      </td>
      <td className={classes.outcome} data-tip={row.requestId === null ? undefined : `Request ${row.requestId}`}>
        {outcomeWord(row.outcome)}
      </td>
    </tr>
  );
}

function Target({ target }: { target: NonNullable<AuditRow["target"]> }) {
  if (target.kind === "issue" && target.id !== "") {
    return (
      <Link to="/issues/$issueId" params={{ issueId: target.id }}>
        Issue {target.id}
      </Link>
    );
  }
  return (
    <>
      {target.kind.replaceAll("_", " ")} <VisibleText text={target.id} />
    </>
  );
}
