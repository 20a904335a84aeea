import { Button } from "@mantine/core";
import { useState } from "react";

import { ago, epochMs, exactTime } from "@/core/format";
import { durationWords } from "@/core/gatewayFigures";
import type { RecentError } from "@/core/gatewayModel";
import { failureWords, kindWord } from "@/core/gatewayWords";
import { CopyIcon } from "@/ui/CopyIcon";
import { VisibleText } from "@/ui/VisibleText";

import classes from "./gateway.module.css";
import { Nothing, Panel } from "./Panel";
import { Template } from "./Template";

const FEW = 8;

/** The newest failures, with what is needed to find them in the logs and traces. */
export function RecentErrors({ errors, nowMs }: { errors: readonly RecentError[]; nowMs: number }) {
  const [all, setAll] = useState(false);
  const shown = all ? errors : errors.slice(0, FEW);
  return (
    <Panel title="Recent errors" note={errors.length === 0 ? undefined : String(errors.length)}>
      {errors.length === 0 && <Nothing>Nothing has failed since the gateway started.</Nothing>}
      {errors.length > 0 && (
        <ul className={classes.errors}>
          {shown.map((error, index) => (
            <ErrorRow key={`${error.request_id} ${error.at} ${index}`} error={error} nowMs={nowMs} />
          ))}
        </ul>
      )}
      {errors.length > FEW && (
        <Button size="compact-sm" variant="default" mt="sm" onClick={() => setAll(!all)}>
          {all ? "Show the newest only" : `Show all ${errors.length}`}
        </Button>
      )}
    </Panel>
  );
}

function ErrorRow({ error, nowMs }: { error: RecentError; nowMs: number }) {
  const at = epochMs(error.at);
  return (
    <li>
      <time dateTime={error.at} data-tip={exactTime(at)}>
        {ago(at, nowMs)}
      </time>
      <span className={classes.kind}>{kindWord(error.kind)}</span>
      <div className={classes.what}>
        <strong>
          <VisibleText text={failureWords(error)} />
        </strong>
        <Template method={error.method} template={error.endpoint} />
      </div>
      <span className={classes.took}>{error.duration_ms !== null && durationWords(error.duration_ms)}</span>
      <Id name="request" id={error.request_id} />
      <Id name="trace" id={error.trace_id} />
    </li>
  );
}

/** The beginning of an id is enough to tell it apart; the whole is copied. */
function Id({ name, id }: { name: string; id: string }) {
  if (id === "") return <span className={classes.id} />;
  return (
    <span className={classes.id}>
      <span className={classes.muted}>{name}</span> <code data-tip={id}>{id.slice(0, 8)}</code>
      <CopyIcon text={id} label={`Copy the ${name} id`} />
    </span>
  );
}
