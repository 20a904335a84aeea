import { Link } from "@tanstack/react-router";
import { createContext, useContext, useState, type ReactNode } from "react";

import type { TagDistribution, TagShare } from "@/core/event/tags";
import { searchTerm, type Tag } from "@/core/event/tags";
import { visibleText } from "@/core/event/visibleText";
import { counted } from "@/core/format";
import { addressOf, DEFAULT_VIEW } from "@/core/view";
import { useView } from "@/screens/stream/useView";
import { VisibleText } from "@/ui/VisibleText";

import dataClasses from "./data.module.css";
import classes from "./issue.module.css";
import tagsClasses from "./tags.module.css";
import { Section } from "./Section";

/** The project whose issues a tag leads to: the one of the issue on screen. */
export const TagProject = createContext<string | null>(null);

/** How many distributions are shown at first: three rows of three. */
const SHOWN = 9;

interface Props {
  tags: readonly Tag[];
  distributions: readonly TagDistribution[];
  /** Whether the distributions could not be had: then nobody knows how many tags there are. */
  missing: boolean;
  /** What stands where the distributions are missing or old. */
  notice: ReactNode;
}

/** How this events divide over each tag, and where this event stands among them. */
export function TagsSection({ tags, distributions, missing, notice }: Props) {
  const [all, setAll] = useState(false);
  const known = new Set(distributions.map((distribution) => distribution.key));
  const own = new Map(tags.map((tag) => [tag.key, tag.value]));
  const spread = distributions.filter(isSpread);
  const shown = all ? spread : spread.slice(0, SHOWN);
  const hidden = spread.length - shown.length;
  const uniform = distributions.filter((distribution) => !isSpread(distribution));
  const others = tags.filter((tag) => !known.has(tag.key));
  return (
    <Section id="tags" title="Tags" {...(missing ? {} : { count: known.size + others.length })}>
      {notice}
      <div className={tagsClasses.spreads}>
        {shown.map((distribution) => (
          <Spread key={distribution.key} distribution={distribution} own={own.get(distribution.key)} />
        ))}
      </div>
      {hidden > 0 && (
        <button type="button" className={classes.more} onClick={() => setAll(true)}>
          Show {hidden} more
        </button>
      )}
      <Chips title="The same in every event" tags={uniform.flatMap(tagsOf)} />
      <Chips title={known.size === 0 ? "This event" : "Only of this event"} tags={others} />
    </Section>
  );
}

/** A tag with one value for all events has no distribution worth a chart. */
function isSpread({ shares, rest }: TagDistribution): boolean {
  return shares.length > 1 || rest !== null;
}

function tagsOf({ key, shares }: TagDistribution): Tag[] {
  return shares.map(({ value }) => ({ key, value }));
}

function Spread({ distribution, own }: { distribution: TagDistribution; own: string | undefined }) {
  const { key, name, total, shares, rest } = distribution;
  return (
    <section className={tagsClasses.spread} aria-label={visibleText(`Distribution of ${name}`)}>
      <h3>
        <VisibleText text={key} />
        <span className={dataClasses.cardSummary} data-tip={counted(total, "event")}>
          {shares.length}
          {rest === null ? "" : "+"} {rest === null && shares.length === 1 ? "value" : "values"}
        </span>
      </h3>
      <ul>
        {shares.map((share) => (
          <ShareRow key={share.value} share={share} isOwn={own === share.value} />
        ))}
        {rest !== null && (
          <li className={tagsClasses.share} data-rest>
            <span className={tagsClasses.shareBar} style={{ width: `${rest.percent}%` }} aria-hidden />
            <span className={tagsClasses.shareLabel}>Other values</span>
            <span className={tagsClasses.sharePercent} data-tip={counted(rest.count, "event")}>
              {rest.percentText}
            </span>
          </li>
        )}
      </ul>
    </section>
  );
}

function ShareRow({ share, isOwn }: { share: TagShare; isOwn: boolean }) {
  const label = (
    <>
      <VisibleText text={share.label} />
      {isOwn && (
        <span className={tagsClasses.ownDot} data-tip="This event">
          <span className="dx-unseen"> (this event)</span>
        </span>
      )}
    </>
  );
  return (
    <li className={tagsClasses.share} data-own={isOwn || undefined}>
      <span className={tagsClasses.shareBar} style={{ width: `${share.percent}%` }} aria-hidden />
      <TermLink term={share.term} className={tagsClasses.shareLabel}>
        {label}
      </TermLink>
      <span className={tagsClasses.sharePercent} data-tip={counted(share.count, "event")}>
        {share.percentText}
      </span>
    </li>
  );
}

/** A way to every issue with this tag value, when Sentry's search can name it. */
function TermLink({ term, className, children }: { term: string | null; className?: string; children: ReactNode }) {
  const project = useContext(TagProject);
  // The environment and period of the list the reader came from; a tag leads to no other ones.
  const { environment, period } = useView().view;
  if (term === null) return <span className={className}>{children}</span>;
  return (
    <Link
      to="/"
      search={addressOf({ ...DEFAULT_VIEW, environment, period, query: term, status: "all", project: project === null ? [] : [project] })}
      className={className}
      data-tip={visibleText(project === null ? `Issues with ${term}` : `Issues of ${project} with ${term}`)}
    >
      {children}
    </Link>
  );
}

function Chips({ title, tags }: { title: string; tags: readonly Tag[] }) {
  if (tags.length === 0) return null;
  return (
    <section className={tagsClasses.chipBlock} aria-label={title}>
      <h3>{title}</h3>
      <ul className={tagsClasses.chips}>
        {tags.map((tag, index) => (
          <li key={index}>
            <TermLink term={searchTerm(tag.key, tag.value)} className={tagsClasses.chip}>
              <span className={tagsClasses.chipKey}>
                <VisibleText text={tag.key} />
              </span>
              <VisibleText text={tag.value === "" ? "(empty)" : tag.value} />
            </TermLink>
          </li>
        ))}
      </ul>
    </section>
  );
}
