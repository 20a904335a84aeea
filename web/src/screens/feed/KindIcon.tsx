import {
  IconActivityHeartbeat,
  IconArchive,
  IconArrowBackUp,
  IconBell,
  IconBellCheck,
  IconCircleCheck,
  IconFlame,
  IconGitMerge,
  IconMessage,
  IconPencil,
  IconRotateClockwise2,
  IconSparkles,
  IconStack2,
  IconTrash,
  IconUser,
} from "@tabler/icons-react";
import type { ComponentType } from "react";

import classes from "./feed.module.css";

type Tone = "bad" | "warn" | "good" | "plain";

const KINDS: Partial<Record<string, readonly [icon: ComponentType<{ size?: number; stroke?: number }>, tone: Tone]>> = {
  "issue.created": [IconSparkles, "bad"],
  "issue.regressed": [IconRotateClockwise2, "bad"],
  "issue.escalating": [IconFlame, "bad"],
  "issue.unresolved": [IconArrowBackUp, "warn"],
  "issue.resolved": [IconCircleCheck, "good"],
  "issue.archived": [IconArchive, "plain"],
  "issue.merged": [IconGitMerge, "plain"],
  "issue.deleted": [IconTrash, "plain"],
  "issue.assigned": [IconUser, "plain"],
  "issue.commented": [IconMessage, "plain"],
  "alert.triggered": [IconBell, "bad"],
  "alert.resolved": [IconBellCheck, "good"],
  "job.progress": [IconStack2, "plain"],
};

/** The mark of a kind of event; its words stand beside it. */
export function KindIcon({ type }: { type: string }) {
  const [Icon, tone] = KINDS[type] ?? (type.startsWith("gateway.") ? ([IconActivityHeartbeat, "warn"] as const) : ([IconPencil, "plain"] as const));
  return (
    <i className={classes.icon} data-tone={tone} aria-hidden>
      <Icon size={16} stroke={1.75} />
    </i>
  );
}
