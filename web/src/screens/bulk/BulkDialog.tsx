import { Button, Loader } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Job } from "@/core/bulk/job";
import { counted } from "@/core/format";
import { actOnJob, useJob } from "@/queries/bulk";
import { projectOf } from "@/screens/triage/triage";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";

import classes from "./bulk.module.css";
import { OperationsForm } from "./OperationsForm";
import { PreviewPane } from "./PreviewPane";
import type { BulkFlow, BulkFlowControl } from "./useBulkFlow";

interface Props {
  flow: BulkFlow;
  control: BulkFlowControl;
  onApplied: (job: Job) => void;
}

/** What to do, what that would change, and the word to do it. */
export function BulkDialog({ flow, control, onApplied }: Props) {
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const { crowd, operations, stage } = flow;
  const subject = crowd.total === null ? "all matching issues" : counted(crowd.total, "issue");
  return (
    <Dialog title={stage.at === "choosing" ? `Change ${subject}` : `Preview: ${subject}`} from={narrow ? "below" : "middle"} size={680} onClose={control.close}>
      {stage.at === "choosing" && (
        <div className={classes.pane}>
          <OperationsForm project={projectOf(crowd)} operations={operations} onChange={control.choose} />
          <div className={classes.buttons}>
            <Button variant="default" onClick={control.close}>
              Cancel
            </Button>
            <Button disabled={operations.length === 0} onClick={() => control.ask(crowd, operations)}>
              Preview
            </Button>
          </div>
        </div>
      )}
      {stage.at === "asking" && (
        <p className={classes.lead} role="status">
          <Loader size="xs" aria-hidden /> Asking for a preview
        </p>
      )}
      {stage.at === "refused" && (
        <ErrorState
          compact
          error={stage.error}
          onRetry={() => control.ask(crowd, operations)}
          actions={
            <Button variant="default" onClick={control.back}>
              Change what is done
            </Button>
          }
        />
      )}
      {stage.at === "job" && <Previewing key={stage.id} id={stage.id} control={control} onApplied={onApplied} />}
    </Dialog>
  );
}

function Previewing({ id, control, onApplied }: { id: string; control: BulkFlowControl; onApplied: (job: Job) => void }) {
  const queryClient = useQueryClient();
  const { job, error } = useJob(id);
  const apply = useMutation({ mutationFn: (confirmation: string | null) => actOnJob(queryClient, id, "apply", { confirmation }), onSuccess: onApplied });
  if (job === undefined) return error === null ? null : <ErrorState compact error={error} />;
  return (
    <PreviewPane
      job={job}
      busy={apply.isPending || apply.isSuccess}
      failure={apply.error}
      onApply={(confirmation) => apply.mutate(confirmation)}
      onBack={control.back}
      onClose={control.close}
    />
  );
}
