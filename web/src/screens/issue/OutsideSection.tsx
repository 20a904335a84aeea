import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { asApiError } from "@/api/error";
import { guessLink } from "@/core/event/outside";
import { counted } from "@/core/format";
import { addOutsideLink, attachmentAddress, attachmentsQuery, outsideLinksQuery, removeOutsideLink, userReportsQuery } from "@/queries/outside";
import { useMayTriage } from "@/queries/session";
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
  const may = useMayTriage();
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
            )}{" "}
            {may && <RemoveLink issueId={issueId} link={id} label={label} />}
          </li>
        )}
      </Part>
      {may && <NewLink issueId={issueId} />}
    </>
  );
}

function RemoveLink({ issueId, link, label }: { issueId: string; link: string; label: string }) {
  const queryClient = useQueryClient();
  const removal = useMutation({ mutationFn: () => removeOutsideLink(queryClient, issueId, link) });
  return (
    <>
      <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Remove the link to ${label}`} loading={removal.isPending} onClick={() => removal.mutate()}>
        <IconX size={12} />
      </ActionIcon>
      {removal.isError && <span role="alert">{asApiError(removal.error).message}</span>}
    </>
  );
}

/** The address is asked for first: it mostly says what the project and the number are. */
function NewLink({ issueId }: { issueId: string }) {
  const queryClient = useQueryClient();
  const [url, setUrl] = useState("");
  const [typed, setTyped] = useState<{ project?: string; identifier?: string }>({});
  const draft = { url: url.trim(), ...guessLink(url), ...typed };
  const linking = useMutation({
    mutationFn: () => addOutsideLink(queryClient, issueId, draft),
    onSuccess: () => {
      setUrl("");
      setTyped({});
    },
  });
  const isWhole = /^https?:\/\/\S+$/.test(draft.url) && draft.project !== "" && draft.identifier !== "";
  return (
    <form
      aria-label="Link with another tracker"
      className={sideClasses.newLink}
      onSubmit={(event) => {
        event.preventDefault();
        if (isWhole) linking.mutate();
      }}
    >
      <TextInput size="xs" label="Address of an issue elsewhere" placeholder="https://" value={url} onChange={(event) => setUrl(event.currentTarget.value)} />
      {draft.url !== "" && (
        <>
          <TextInput size="xs" label="Project there" value={draft.project} onChange={(event) => setTyped({ ...typed, project: event.currentTarget.value })} />
          <TextInput size="xs" label="Number or key there" value={draft.identifier} onChange={(event) => setTyped({ ...typed, identifier: event.currentTarget.value })} />
          <Button type="submit" size="xs" variant="default" disabled={!isWhole} loading={linking.isPending}>
            Link
          </Button>
        </>
      )}
      {linking.isError && (
        <p role="alert">
          {asApiError(linking.error).message} {asApiError(linking.error).remedy}
        </p>
      )}
    </form>
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
