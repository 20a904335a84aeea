import { type Found, mayHold, type Notice, noticeOf } from "@/core/notices";
import type { SavedView } from "@/core/savedViews";

/** What a notifier needs of its surroundings; tests give their own. */
export interface NotifierOptions {
  /** The views whose reader wants to be told. */
  readonly views: () => readonly SavedView[];
  /** Give the issues that a view holds now, the latest first. */
  readonly holds: (view: SavedView) => Promise<ReadonlySet<string>>;
  /** Whether somebody looks at a view in any tab, and sees what comes by themselves. */
  readonly isLookedAt: (view: SavedView) => Promise<boolean>;
  readonly addressOf: (view: SavedView) => string;
  readonly show: (notice: Notice) => void;
}

/** Events of one moment are one question. */
const GATHER_MS = 1_000;
/** Sentry's search finds an issue some seconds after it tells of it: what is not found is asked for again, after so long. */
const AGAIN_MS = [4_000, 10_000, 20_000];
/** Between two notifications of a view lies so much at least: a storm is told as a number. */
const QUIET_MS = 10_000;
/** An issue is told once in so long, however much happens to it. */
const ONCE_MS = 10 * 60_000;

interface Candidate {
  readonly found: Found;
  tries: number;
}

/** Tells of what comes up in views: never of an issue that its view does not hold, and of many as their number. */
export class Notifier {
  private readonly waiting = new Map<string, Map<string, Candidate>>();
  private readonly asking = new Map<string, Timer>();
  private readonly ready = new Map<string, Found[]>();
  private readonly showing = new Map<string, Timer>();
  private readonly shownMs = new Map<string, number>();
  private readonly toldMs = new Map<string, number>();

  constructor(private readonly options: NotifierOptions) {}

  /** Hear of an issue that came up somewhere. */
  hear(found: Found): void {
    for (const view of this.options.views()) {
      if (!mayHold(view, found) || Date.now() - (this.toldMs.get(`${view.id} ${found.id}`) ?? 0) < ONCE_MS) continue;
      const waiting = this.waiting.get(view.id) ?? new Map<string, Candidate>();
      this.waiting.set(view.id, waiting);
      if (!waiting.has(found.id)) waiting.set(found.id, { found, tries: 0 });
      this.askSoon(view.id, GATHER_MS);
    }
  }

  /** Tell of nothing more. */
  stop(): void {
    for (const timer of [...this.asking.values(), ...this.showing.values()]) clearTimeout(timer);
    for (const map of [this.waiting, this.asking, this.ready, this.showing]) map.clear();
  }

  private askSoon(viewId: string, waitMs: number): void {
    if (this.asking.has(viewId)) return;
    const ask = (): void => {
      this.asking.delete(viewId);
      void this.ask(viewId);
    };
    this.asking.set(viewId, setTimeout(ask, waitMs));
  }

  private async ask(viewId: string): Promise<void> {
    const view = this.options.views().find(({ id }) => id === viewId);
    const waiting = this.waiting.get(viewId);
    if (view === undefined || waiting === undefined || waiting.size === 0) return;
    const asked = [...waiting.values()];
    let held: ReadonlySet<string>;
    try {
      held = await this.options.holds(view);
    } catch {
      // It is not known whether it is in the view, so that it is not told.
      held = new Set();
    }
    let waitMs: number | undefined;
    for (const candidate of asked) {
      const { id } = candidate.found;
      if (held.has(id)) {
        waiting.delete(id);
        this.toldMs.set(`${viewId} ${id}`, Date.now());
        this.ready.set(viewId, [...(this.ready.get(viewId) ?? []), candidate.found]);
      } else {
        const again = AGAIN_MS[candidate.tries];
        candidate.tries += 1;
        if (again === undefined) waiting.delete(id);
        else waitMs = Math.min(waitMs ?? again, again);
      }
    }
    if (waitMs !== undefined) this.askSoon(viewId, waitMs);
    this.showSoon(view);
  }

  private showSoon(view: SavedView): void {
    if (!this.ready.has(view.id) || this.showing.has(view.id)) return;
    const waitMs = Math.max(0, (this.shownMs.get(view.id) ?? 0) + QUIET_MS - Date.now());
    const show = (): void => {
      this.showing.delete(view.id);
      void this.show(view);
    };
    this.showing.set(view.id, setTimeout(show, waitMs));
  }

  private async show(view: SavedView): Promise<void> {
    const found = this.ready.get(view.id) ?? [];
    this.ready.delete(view.id);
    if (await this.options.isLookedAt(view)) return;
    const notice = noticeOf(view, found, this.options.addressOf(view));
    if (notice === null) return;
    this.shownMs.set(view.id, Date.now());
    this.options.show(notice);
  }
}

type Timer = ReturnType<typeof setTimeout>;
