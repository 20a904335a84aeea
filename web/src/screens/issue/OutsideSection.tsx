import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { asApiError } from "@/api/error";
import { counted } from "@/core/format";
import { attachmentAddress, attachmentsQuery, outsideLinksQuery, userReportsQuery } from "@/queries/outside";
import { Ago } from "@/ui/Ago";
import { VisibleText } from "@/ui/VisibleText";

import sideClasses from "./side.module.css";

/** What came from outside Sentry. Asked for when it is opened: most issues have none of it, and each is a request to Sentry. */
export function OutsideSection({ issueId }: { issueId: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details className={sideClasses.outside} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>User reports, files and links</summary>
      {open && <Opened issueId={issueId} />}
    </details>
  );
}

function Opened({ issueId }: { issueId: string }) {
  const reports = useQuery(userReportsQuery(issueId));
  const files = useQuery(attachmentsQuery(issueId));
  const links = useQuery(outsideLinksQuery(issueId));
  return (
    <>
      <Part title="What users reported" query={reports} none="No user has written about it.">
        {({ id, name, text, at }) => (
          <li key={id}>
            <strong>
              <VisibleText text={name} />
            </strong>{" "}
            {at !== null && (
              <span className={sideClasses.when}>
                <Ago iso={new Date(at).toISOString()} />
              </span>
            )}
            <p>
              <VisibleText text={text} />
            </p>
          </li>
        )}
      </Part>
      <Part title="Files" query={files} none="No file came with its events.">
        {({ id, name, bytes }) => (
          <li key={id}>
            <a href={attachmentAddress(issueId, id)} download>
              <VisibleText text={name} />
            </a>{" "}
            {bytes !== null && <span className={sideClasses.when}>{counted(bytes, "byte")}</span>}
          </li>
        )}
      </Part>
      <Part title="In other trackers" query={links} none="It is linked with nothing.">
        {({ id, label, href }) => (
          <li key={id}>
            {href === null ? (
              <VisibleText text={label} />
            ) : (
              <a href={href} target="_blank" rel="noopener noreferrer nofollow">
                <VisibleText text={label} />
              </a>
            )}
          </li>
        )}
      </Part>
    </>
  );
}

function Part<T>({ title, query, none, children }: { title: string; query: UseQueryResult<readonly T[]>; none: string; children: (item: T) => ReactNode }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {query.isPending && <p className={sideClasses.quiet}>Loading</p>}
      {query.isError && <p className={sideClasses.quiet}>{asApiError(query.error).message}</p>}
      {query.data?.length === 0 && <p className={sideClasses.quiet}>{none}</p>}
      {query.data !== undefined && query.data.length > 0 && <ul>{query.data.map(children)}</ul>}
    </section>
  );
}
