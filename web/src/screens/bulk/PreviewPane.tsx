import { Button, Loader, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconArrowRight } from "@tabler/icons-react";
import { useId, useState } from "react";

import type { Job, JobPreview } from "@/core/bulk/job";
import { costWords, differences, fieldWord, operationWords, valueWords } from "@/core/bulk/words";
import { counted, exactCount } from "@/core/format";
import { useAssigneeNames } from "@/queries/assignees";
import { ErrorState } from "@/ui/ErrorState";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./bulk.module.css";

interface Props {
  job: Job;
  busy: boolean;
  failure: unknown;
  onApply: (confirmation: string | null) => void;
  onBack: () => void;
  onClose: () => void;
}

/** What a job would do, before it does anything; and the confirmation. */
export function PreviewPane({ job, busy, failure, onApply, onBack, onClose }: Props) {
  if (job.state === "failed") return <ErrorState compact error={new Error(job.error ?? "")} title="The issues could not be found" actions={<Back onBack={onBack} />} />;
  if (job.preview === null) return <Resolving job={job} onClose={onClose} />;
  const { preview } = job;
  if (preview.total === 0) {
    return (
      <div className={classes.pane}>
        <p className={classes.lead}>No issue would change.</p>
        <Skipped preview={preview} />
        <div className={classes.buttons}>
          <Back onBack={onBack} />
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    );
  }
  return (
    <div className={classes.pane}>
      <Summary job={job} preview={preview} />
      <Irreversible preview={preview} />
      <Changes preview={preview} />
      <Skipped preview={preview} />
      <Samples preview={preview} />
      {failure !== null && failure !== undefined && <ErrorState compact error={failure} />}
      <Confirmation job={job} preview={preview} busy={busy} onApply={onApply} onBack={onBack} />
    </div>
  );
}

function Back({ onBack }: { onBack: () => void }) {
  return (
    <Button variant="default" onClick={onBack}>
      Change what is done
    </Button>
  );
}

function Resolving({ job, onClose }: { job: Job; onClose: () => void }) {
  const found = job.counts.total;
  return (
    <div className={classes.pane}>
      <p className={classes.lead} role="status">
        <Loader size="xs" aria-hidden /> Finding the issues{found > 0 ? `: ${exactCount(found)} so far` : ""}
      </p>
      <p className={classes.quiet}>Nothing changes yet. What would change is shown here first.</p>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </div>
  );
}

const MOST_PROJECTS = 6;

function Summary({ job, preview }: { job: Job; preview: JobPreview }) {
  const nameOf = useAssigneeNames();
  const shown = preview.projects.slice(0, MOST_PROJECTS);
  const rest = preview.projects.length - shown.length;
  return (
    <>
      <p className={classes.lead} role="status">
        <strong>{counted(preview.total, "issue")}</strong> in {preview.projects.length === 1 ? "one project" : counted(preview.projects.length, "project")}
      </p>
      <ul className={classes.deeds} aria-label="What is done">
        {job.operations.map((operation) => (
          <li key={operation.op}>{operationWords(operation, nameOf)}</li>
        ))}
      </ul>
      <ul className={classes.projects} aria-label="Projects">
        {shown.map(({ slug, count }) => (
          <li key={slug}>
            <VisibleText text={slug} /> <b>{exactCount(count)}</b>
          </li>
        ))}
        {rest > 0 && <li>and {counted(rest, "other")}</li>}
      </ul>
      {preview.to_send < preview.total && (
        <p>
          <strong>{exactCount(preview.to_send)}</strong> of them would change; the others are so already or are left out.
        </p>
      )}
      {preview.entered_meanwhile > 0 && <p>{counted(preview.entered_meanwhile, "issue")} began to match meanwhile, and stay as they are.</p>}
      <p className={classes.quiet}>{costWords(preview)}</p>
    </>
  );
}

function Irreversible({ preview }: { preview: JobPreview }) {
  if (preview.irreversible.length === 0) return null;
  return (
    <div className={classes.danger} role="alert">
      <IconAlertTriangle size={18} stroke={1.5} aria-hidden />
      <div>
        <strong>This cannot be undone</strong>
        {preview.irreversible.map(({ op, count, why }) => (
          <p key={op}>
            {counted(count, "issue")}: {why}
          </p>
        ))}
      </div>
    </div>
  );
}

function Changes({ preview }: { preview: JobPreview }) {
  if (preview.changes.length === 0) return null;
  return (
    <section aria-label="What changes">
      <h3>What changes</h3>
      <table className={classes.changes}>
        <thead className="dx-unseen">
          <tr>
            <th scope="col">Field</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Issues</th>
          </tr>
        </thead>
        <tbody>
          {preview.changes.map((change, index) => (
            <tr key={index}>
              <th scope="row">{fieldWord(change.field)}</th>
              <td>
                <VisibleText text={valueWords(change.from)} />
              </td>
              <td>
                <IconArrowRight size={12} aria-hidden /> <VisibleText text={valueWords(change.to)} />
              </td>
              <td className={classes.figure}>{exactCount(change.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {preview.further_changes > 0 && <p className={classes.quiet}>and {counted(preview.further_changes, "further change")}</p>}
    </section>
  );
}

function Skipped({ preview }: { preview: JobPreview }) {
  if (preview.skipped.length === 0) return null;
  return (
    <section aria-label="What is left out">
      <h3>Left out</h3>
      <ul className={classes.skipped}>
        {preview.skipped.map(({ reason, count }) => (
          <li key={reason}>
            <b>{exactCount(count)}</b> <VisibleText text={reason} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const MOST_SAMPLES = 5;

function Samples({ preview }: { preview: JobPreview }) {
  if (preview.samples.length === 0) return null;
  return (
    <section aria-label="Some of them">
      <h3>Some of them</h3>
      <ul className={classes.samples}>
        {preview.samples.slice(0, MOST_SAMPLES).map(({ issue_id, short_id, title, before, after }) => (
          <li key={issue_id}>
            <span>
              <code>{short_id ?? issue_id}</code> <VisibleText text={title ?? ""} />
            </span>
            <small>
              {differences(before, after).map(({ field, from, to }, index) => (
                <span key={index}>
                  {field}: <VisibleText text={from} /> → <VisibleText text={to} />
                </span>
              ))}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Confirmation({ job, preview, busy, onApply, onBack }: Pick<Props, "job" | "busy" | "onApply" | "onBack"> & { preview: JobPreview }) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const nameOf = useAssigneeNames();
  const grave = preview.irreversible.length > 0;
  const mustType = grave || preview.needs_confirmation;
  const agreed = !mustType || typed.replace(/\D/g, "") === String(preview.total);
  const deed = job.operations.length === 1 && job.operations[0] !== undefined ? operationWords(job.operations[0], nameOf) : "Apply";
  return (
    <form
      className={classes.confirm}
      onSubmit={(event) => {
        event.preventDefault();
        if (agreed && !busy) onApply(preview.confirmation);
      }}
    >
      {mustType && (
        <TextInput
          id={id}
          label={`Type ${exactCount(preview.total)} to confirm`}
          description={grave ? undefined : "This reaches every issue that matches, also those you have not seen."}
          inputMode="numeric"
          data-autofocus
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      <div className={classes.buttons}>
        <Back onBack={onBack} />
        <Button type="submit" color={grave ? "red" : undefined} loading={busy} disabled={!agreed} data-autofocus={mustType ? undefined : true}>
          {deed}: {counted(preview.total, "issue")}
        </Button>
      </div>
    </form>
  );
}
