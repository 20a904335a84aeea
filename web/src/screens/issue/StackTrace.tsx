import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";

import { groupFrames, type Frame, type FrameGroup, type FrameOrder } from "@/core/event/frames";
import { visibleText } from "@/core/event/visibleText";
import { VisibleText } from "@/ui/VisibleText";

import dataClasses from "./data.module.css";
import classes from "./issue.module.css";
import stackClasses from "./stack.module.css";
import { KeyValues } from "./KeyValues";

interface Props {
  frames: readonly Frame[];
  order: FrameOrder;
  label: string;
}

/** The frames of one stack: own code open, library code folded with its number. */
export function StackTrace({ frames, order, label }: Props) {
  if (frames.length === 0) return <p className={classes.nothing}>No stack trace was sent for this one.</p>;
  return (
    <ol className={stackClasses.stack} aria-label={visibleText(label)}>
      {groupFrames(frames, order).map((group) => (
        <GroupRow key={group.key} group={group} />
      ))}
    </ol>
  );
}

function GroupRow({ group }: { group: FrameGroup }) {
  if (group.kind === "frame") return <FrameRow frame={group.frame} startsOpen={group.open} />;
  return <FoldedRows frames={group.frames} calls={group.calls} />;
}

function FoldedRows({ frames, calls }: { frames: readonly Frame[]; calls: number }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className={stackClasses.fold}>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <IconChevronRight size={14} className={classes.chevron} aria-hidden />
          {open ? "Hide" : "Show"} {calls} library {calls === 1 ? "frame" : "frames"}
        </button>
      </li>
      {open && frames.map((frame, index) => <FrameRow key={index} frame={frame} startsOpen={false} />)}
    </>
  );
}

function FrameRow({ frame, startsOpen }: { frame: Frame; startsOpen: boolean }) {
  const [open, setOpen] = useState(startsOpen);
  const hasMore = frame.source.length > 0 || frame.variables.length > 0 || frame.absPath !== null;
  return (
    <li className={stackClasses.frame} data-own={frame.inApp || undefined}>
      <button
        type="button"
        className={stackClasses.frameHead}
        aria-expanded={open}
        disabled={!hasMore}
        onClick={() => setOpen(!open)}
      >
        <IconChevronRight size={14} className={classes.chevron} aria-hidden />
        <FrameName frame={frame} />
        <span className={stackClasses.frameTail}>
          {frame.times > 1 && (
            <span className={classes.tagLike} data-tip={`Called ${String(frame.times)} times in a row`}>
              <span aria-hidden>×{frame.times}</span>
              <span className="dx-unseen">Called {frame.times} times in a row</span>
            </span>
          )}
          {frame.inApp ? <span className={stackClasses.own}>In app</span> : <span className="dx-unseen">Library</span>}
        </span>
      </button>
      {open && hasMore && <FrameBody frame={frame} />}
    </li>
  );
}

function FrameName({ frame }: { frame: Frame }) {
  const position = [frame.line, frame.column].filter((part) => part !== null).join(":");
  return (
    <span className={stackClasses.frameName}>
      <span className={stackClasses.fn}>
        <VisibleText text={frame.fn ?? "<unknown>"} />
      </span>
      <span className={stackClasses.at}> in </span>
      <span className={stackClasses.place}>
        <VisibleText text={frame.place} />
        {position !== "" && <span className={stackClasses.position}>:{position}</span>}
      </span>
    </span>
  );
}

function FrameBody({ frame }: { frame: Frame }) {
  return (
    <div className={stackClasses.frameBody}>
      {frame.source.length > 0 ? <Source frame={frame} /> : <NoSource frame={frame} />}
      {frame.variables.length > 0 && <Variables frame={frame} />}
      {frame.sourceLink !== null && (
        <p className={stackClasses.sourceLink}>
          <a className={dataClasses.outside} href={frame.sourceLink} target="_blank" rel="noopener noreferrer nofollow">
            Open this line in the repository
          </a>
        </p>
      )}
    </div>
  );
}

function Source({ frame }: { frame: Frame }) {
  return (
    // A scrollable region must be reachable by keyboard.
    <div className={stackClasses.source} role="group" aria-label={visibleText(`Source of ${frame.place}`)} tabIndex={0}>
      <ol>
        {frame.source.map((line) => (
          <li key={line.number} className={stackClasses.line} data-failing={line.failing || undefined}>
            <span className={stackClasses.lineNumber} aria-hidden>
              {line.number}
            </span>
            <code>
              {line.failing && <span className="dx-unseen">Failing line: </span>}
              <VisibleText text={line.text} />
            </code>
          </li>
        ))}
      </ol>
    </div>
  );
}

function NoSource({ frame }: { frame: Frame }) {
  return (
    <p className={stackClasses.noSource}>
      <VisibleText text={frame.absPath ?? frame.place} />
      {frame.package !== null && (
        <>
          {" "}
          in <VisibleText text={frame.package} />
        </>
      )}
      {frame.address !== null && ` at ${frame.address}`}
    </p>
  );
}

function Variables({ frame }: { frame: Frame }) {
  const [open, setOpen] = useState(false);
  return (
    <div className={stackClasses.variables}>
      <button type="button" className={classes.disclose} aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconChevronRight size={14} className={classes.chevron} aria-hidden />
        Local variables
        <span className={classes.count}>{frame.variables.length}</span>
      </button>
      {open && <KeyValues rows={frame.variables} code whole wide inset />}
    </div>
  );
}
