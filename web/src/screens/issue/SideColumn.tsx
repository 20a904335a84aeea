import { Face } from "@/ui/Face";
import { useState, type ReactNode } from "react";

import type { Activity } from "@/core/event/activity";
import type { IssueDetail, Person } from "@/core/event/detail";
import { counted } from "@/core/format";
import { Ago } from "@/ui/Ago";
import { useArrivals } from "@/ui/useArrivals";
import { VisibleText } from "@/ui/VisibleText";

import { CommentsSection } from "./CommentsSection";
import classes from "./issue.module.css";
import { LabelsSection } from "./LabelsSection";
import { MergedSection, SimilarSection } from "./LikeSection";
import { NotesSection } from "./NotesSection";
import { OutsideSection } from "./OutsideSection";
import sideClasses from "./side.module.css";
import { PartAge } from "./PartNotice";

const SHOWN = 8;

/** What people say of the issue and did with it, what looks like it, and who has looked at it. */
export function SideColumn({ detail, notice }: { detail: IssueDetail; notice: ReactNode }) {
  return (
    <aside className={sideClasses.side} aria-label="Activity and people">
      <LabelsSection issue={detail.issue} />
      <NotesSection issueId={detail.issue.id} />
      <CommentsSection issueId={detail.issue.id} />
      <section aria-labelledby="activity-title">
        <h2 id="activity-title" className={classes.sectionTitle}>
          Activity
          <PartAge part={detail.part("activity")} />
        </h2>
        {notice}
        <ActivityList activity={detail.activity} />
      </section>
      <SimilarSection issue={detail.issue} />
      <MergedSection issueId={detail.issue.id} />
      <OutsideSection key={detail.issue.id} issueId={detail.issue.id} />
      <People title="Participants" people={detail.participants} />
      <People title="Seen by" people={detail.seenBy} />
    </aside>
  );
}

function ActivityList({ activity }: { activity: readonly Activity[] }) {
  const [all, setAll] = useState(false);
  const arrived = useArrivals(activity, ({ key }) => key);
  if (activity.length === 0) return <p className={classes.nothing}>Nothing has been done with this issue yet.</p>;
  const shown = all ? activity : activity.slice(0, SHOWN);
  const hidden = activity.length - shown.length;
  return (
    <>
      <ol className={sideClasses.activity}>
        {shown.map((item) => (
          <li key={item.key} data-flash={arrived.has(item.key) || undefined} data-person={item.byPerson || undefined}>
            <p>
              <strong>
                <VisibleText text={item.actor} />
              </strong>{" "}
              <VisibleText text={item.deed} />
            </p>
            {item.at !== null && (
              <span className={sideClasses.when}>
                <Ago iso={new Date(item.at).toISOString()} />
              </span>
            )}
          </li>
        ))}
      </ol>
      {hidden > 0 && (
        <button type="button" className={classes.more} onClick={() => setAll(true)}>
          Show {hidden} older
        </button>
      )}
    </>
  );
}

function People({ title, people }: { title: string; people: readonly Person[] }) {
  if (people.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className={classes.sectionTitle}>{title}</h2>
      <ul className={sideClasses.people}>
        {people.slice(0, SHOWN).map((person) => (
          <li key={person.id}>
            <Face name={person.name} size={20} />
            <VisibleText text={person.name} />
            {person.seenAt !== null && (
              <span className={sideClasses.when}>
                <Ago iso={new Date(person.seenAt).toISOString()} />
              </span>
            )}
          </li>
        ))}
      </ul>
      {people.length > SHOWN && <p className={sideClasses.when}>and {counted(people.length - SHOWN, "other")}</p>}
    </section>
  );
}
