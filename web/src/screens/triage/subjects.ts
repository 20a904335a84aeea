import { counted } from "@/core/format";
import { subjectOf } from "@/core/issueWords";

import { isCrowd, type Subjects } from "./triage";

/** Give what an action is about in words: the name of one issue, the number of several. */
export function subjectWords(subjects: Subjects): string {
  if (!isCrowd(subjects)) return subjectOf(subjects);
  return subjects.total === null ? "all matching issues" : counted(subjects.total, "issue");
}
