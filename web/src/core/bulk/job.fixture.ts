import type { Job } from "./job";

/** A job as the gateway tells of it; a test names only what matters to it. */
export function aJob(part: Partial<Job> = {}): Job {
  return {
    id: "job-1",
    state: "done",
    phase: null,
    organization: "acme",
    created_by: { id: "1", name: "Ada Lovelace" },
    created_at: "2026-01-01T12:00:00Z",
    started_at: null,
    finished_at: null,
    operations: [{ op: "status", status: "resolved" }],
    counts: { total: 2, pending: 0, done: 2, unchanged: 0, skipped: 0, failed: 0, unknown: 0 },
    preview: null,
    undo: null,
    error: null,
    reason: null,
    resumes_at: null,
    wish: null,
    eta_s: null,
    ...part,
  };
}
