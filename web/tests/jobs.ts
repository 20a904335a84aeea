import { http, HttpResponse } from "msw";

import { aJob } from "@/core/bulk/job.fixture";
import type { Job, JobItem, JobPreview, Operation } from "@/core/bulk/job";

import { gateway } from "./gateway";
import { aPage } from "./issues";

export interface JobsSeen {
  /** What was asked for, each as it was sent. */
  readonly asked: { selection: unknown; operations: Operation[] }[];
  /** What was done with jobs, in order: "apply", "pause", "undo". */
  readonly acts: string[];
  readonly confirmations: (string | undefined)[];
}

export const aPreview = (part: Partial<JobPreview> = {}): JobPreview => ({
  total: 3,
  to_send: part.total ?? 3,
  further_changes: 0,
  entered_meanwhile: 0,
  projects: [{ slug: "shop", count: 3 }],
  samples: [{ issue_id: "1", short_id: "SHOP-1", title: "AlphaError", before: { status: "unresolved" }, after: { status: "resolved" } }],
  changes: [{ field: "status", from: "unresolved", to: "resolved", count: 3 }],
  irreversible: [],
  skipped: [],
  estimated_calls: 2,
  estimated_s: 1,
  needs_confirmation: false,
  confirmation: "seen",
  ...part,
});

/**
 * A gateway that takes jobs: each is previewed at once, applied when confirmed, and has ended when it is asked for again.
 *
 * It keeps its jobs for as long as the test runs, as a gateway does over a reload.
 */
export function takeJobs(preview: JobPreview = aPreview(), items: readonly JobItem[] = [], first: readonly Job[] = []): JobsSeen {
  const jobs = new Map<string, Job>(first.map((job) => [job.id, job]));
  const seen: JobsSeen = { asked: [], acts: [], confirmations: [] };
  const put = (job: Job): Job => {
    jobs.set(job.id, job);
    return job;
  };
  const counts = { total: preview.total, pending: preview.total, done: 0, unchanged: 0, skipped: 0, failed: 0, unknown: 0 };
  const ended = { ...counts, pending: 0, done: preview.total - items.filter(({ state }) => state === "failed").length, failed: items.filter(({ state }) => state === "failed").length };
  const undo = { possible: true, until: new Date(Date.now() + 10 * 60_000).toISOString(), of: null, by: null, why: null };
  gateway.use(
    http.get("/api/v1/bulk", () => HttpResponse.json(aPage([...jobs.values()].reverse()))),
    http.post("/api/v1/bulk", async ({ request }) => {
      const asked = (await request.json()) as JobsSeen["asked"][number];
      seen.asked.push(asked);
      return HttpResponse.json(put(aJob({ id: `job-${jobs.size + 1}`, state: "previewed", operations: asked.operations, counts, preview, created_at: new Date().toISOString() })), { status: 202 });
    }),
    http.get("/api/v1/bulk/:id/items", ({ request }) => {
      const state = new URL(request.url).searchParams.get("state");
      return HttpResponse.json(aPage(items.filter((item) => state === null || item.state === state)));
    }),
    http.get("/api/v1/bulk/:id", ({ params }) => {
      const job = jobs.get(String(params["id"]));
      if (job === undefined) return HttpResponse.json({ message: "No such job" }, { status: 404 });
      if (job.state === "applying") return HttpResponse.json(put({ ...job, state: "done", counts: ended, finished_at: new Date().toISOString(), undo }));
      return HttpResponse.json(job);
    }),
    http.post("/api/v1/bulk/:id/:act", async ({ params, request }) => {
      const job = jobs.get(String(params["id"]));
      const act = String(params["act"]);
      if (job === undefined) return HttpResponse.json({ message: "No such job" }, { status: 404 });
      seen.acts.push(act);
      if (act === "apply") {
        seen.confirmations.push(((await request.json()) as { confirmation?: string }).confirmation);
        return HttpResponse.json(put({ ...job, state: "applying", started_at: new Date().toISOString() }), { status: 202 });
      }
      if (act === "undo") {
        put({ ...job, undo: { ...undo, possible: false, by: `job-${jobs.size + 1}` } });
        const back = aJob({ id: `job-${jobs.size + 1}`, state: "applying", operations: [{ op: "undo", job: job.id }], counts, started_at: new Date().toISOString(), created_at: new Date().toISOString(), undo: { ...undo, of: job.id } });
        return HttpResponse.json(put(back), { status: 202 });
      }
      const state = ({ pause: "paused", resume: "applying", cancel: "cancelled" } as const)[act as "pause" | "resume" | "cancel"];
      return HttpResponse.json(put({ ...job, state, ...(act === "cancel" ? { finished_at: new Date().toISOString() } : {}) }), { status: 202 });
    }),
  );
  return seen;
}
