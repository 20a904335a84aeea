import { Button } from "@mantine/core";
import { IconHistory, IconPlayerPause, IconPlayerPlay, IconPlayerSkipForward } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";

import { placeBefore } from "@/core/feedList";
import { feedAddressOf, type FeedView } from "@/core/feedView";
import { counted, exactTime } from "@/core/format";
import { clockOf, SPEEDS, type Speed } from "@/core/replay";
import { useCommands } from "@/ui/commands";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorState } from "@/ui/ErrorState";

import { FeedFilters } from "./FeedFilters";
import classes from "./feed.module.css";
import { FeedRows } from "./FeedRows";
import { FeedSkeleton } from "./FeedSkeleton";
import { useReplay } from "./useReplay";

const SPEED_WORDS: Record<Speed, string> = { "1": "1×", "10": "10×", all: "All at once" };
const NOBODY: ReadonlySet<string> = new Set();

/** The feed played anew: plainly not live, with the time it plays, and the ways to pause, step and hasten. */
export function ReplayPane({ view, from }: { view: FeedView; from: string }) {
  const navigate = useNavigate();
  const { replay, paused, speed, failure, over, setPaused, setSpeed, step, retry } = useReplay(view, from);
  const toLive = () => void navigate({ to: "/feed", search: feedAddressOf(view) });
  const replayFrom = (place: string) => void navigate({ to: "/feed", search: { ...feedAddressOf(view), replay: place } });
  const clock = clockOf(replay);
  const canPlay = !over && failure === null;

  useCommands([
    { id: "feed.pause", label: paused ? "Play on" : "Pause the replay", section: "Feed", enabled: canPlay, run: () => setPaused(!paused) },
    { id: "feed.step", label: "Play the next event only", section: "Feed", enabled: canPlay, run: step },
    { id: "feed.speed", label: "Change the speed of the replay", section: "Feed", enabled: canPlay, run: () => setSpeed(SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? "1") },
    { id: "feed.live", label: "Back to live", section: "Feed", run: toLive },
  ]);

  return (
    <>
      <header className={classes.head}>
        <h1>Feed</h1>
      </header>
      <FeedFilters view={view} onChange={(part) => void navigate({ to: "/feed", search: { ...feedAddressOf({ ...view, ...part }), replay: from }, replace: true })} />
      <section className={classes.replay} aria-label="Replay">
        <p role="status">
          <IconHistory size={16} stroke={1.75} aria-hidden />
          <strong>Replay, not live</strong>
          <span>{failure !== null ? "Broken off" : over ? "Reached the present" : paused ? "Paused" : !replay.begun ? "Reading" : "Playing"}</span>
        </p>
        <p className={classes.clock}>
          {clock === null ? "" : exactTime(clock)}
          <small>{counted(replay.count, "event")}</small>
        </p>
        <div className={classes.controls}>
          <Button
            size="xs"
            variant="default"
            data-tip="p"
            disabled={!canPlay}
            leftSection={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
            onClick={() => setPaused(!paused)}
          >
            {paused ? "Play" : "Pause"}
          </Button>
          <Button size="xs" variant="default" data-tip="s" disabled={!canPlay} leftSection={<IconPlayerSkipForward size={14} />} onClick={step}>
            Step
          </Button>
          <div className={classes.speeds} role="group" aria-label="Speed" data-tip="At most four seconds pass between two events">
            {SPEEDS.map((each) => (
              <button key={each} type="button" aria-pressed={speed === each} disabled={!canPlay} onClick={() => setSpeed(each)}>
                {SPEED_WORDS[each]}
              </button>
            ))}
          </div>
          <Button size="xs" data-tip="l" onClick={toLive}>
            Back to live
          </Button>
        </div>
      </section>
      <div className={classes.body}>
        {failure !== null && <ErrorState compact error={failure} onRetry={retry} />}
        {!replay.begun && failure === null && <FeedSkeleton />}
        {replay.begun && replay.played.length === 0 && over && (
          <EmptyState icon={<IconHistory size={32} stroke={1.25} />} title="Nothing to play" actions={<Button variant="default" onClick={toLive}>Back to live</Button>}>
            Nothing that fits has happened since then.
          </EmptyState>
        )}
        {replay.played.length > 0 && <FeedRows rows={replay.played} fresh={NOBODY} clock onReplay={(row) => replayFrom(placeBefore(row))} onEnd={null} end={null} />}
      </div>
    </>
  );
}
