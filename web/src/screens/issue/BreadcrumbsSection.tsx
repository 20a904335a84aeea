import { CloseButton, TextInput } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowsExchange,
  IconCompass,
  IconDatabase,
  IconFlame,
  IconInfoCircle,
  IconPointer,
  IconSearch,
  IconTerminal2,
  type Icon,
} from "@tabler/icons-react";
import { useState } from "react";

import {
  filterBreadcrumbs,
  levelsOf,
  NO_FILTER,
  offsetText,
  typesOf,
  type Breadcrumb,
  type BreadcrumbFilter,
  type FilterChoice,
} from "@/core/event/breadcrumbs";
import type { EventView } from "@/core/event/event";
import { exactTime } from "@/core/format";
import { VisibleText } from "@/ui/VisibleText";

import breadcrumbsClasses from "./breadcrumbs.module.css";
import classes from "./issue.module.css";
import { KeyValues } from "./KeyValues";
import { LongText } from "./LongText";
import { Section } from "./Section";

/** How many are shown until the reader asks for the rest: the last ones, nearest to the error. */
const SHOWN = 25;

const ICONS: Partial<Record<string, Icon>> = {
  http: IconArrowsExchange,
  navigation: IconCompass,
  ui: IconPointer,
  user: IconPointer,
  console: IconTerminal2,
  query: IconDatabase,
  error: IconFlame,
  exception: IconFlame,
  debug: IconTerminal2,
  warning: IconAlertTriangle,
};

/** What happened before the error, as a timeline that ends with it. */
export function BreadcrumbsSection({ event }: { event: EventView }) {
  const [filter, setFilter] = useState<BreadcrumbFilter>(NO_FILTER);
  const [all, setAll] = useState(false);
  const found = filterBreadcrumbs(event.breadcrumbs, filter);
  const shown = all ? found : found.slice(-SHOWN);
  const hidden = found.length - shown.length;
  return (
    <Section id="breadcrumbs" title="Breadcrumbs" count={event.breadcrumbs.length}>
      <FilterBar crumbs={event.breadcrumbs} filter={filter} onChange={setFilter} />
      {found.length === 0 && (
        <p className={classes.nothing} role="status">
          No breadcrumb passes this filter.{" "}
          <button type="button" className={classes.inlineButton} onClick={() => setFilter(NO_FILTER)}>
            Show all {event.breadcrumbs.length}
          </button>
        </p>
      )}
      {hidden > 0 && (
        <button type="button" className={classes.more} onClick={() => setAll(true)}>
          Show {hidden} earlier
        </button>
      )}
      <ol className={breadcrumbsClasses.crumbs}>
        {shown.map((crumb) => (
          <CrumbRow key={crumb.key} crumb={crumb} eventAt={event.at} />
        ))}
        {found.length > 0 && <ErrorRow event={event} />}
      </ol>
    </Section>
  );
}

interface FilterProps {
  crumbs: readonly Breadcrumb[];
  filter: BreadcrumbFilter;
  onChange: (filter: BreadcrumbFilter) => void;
}

function FilterBar({ crumbs, filter, onChange }: FilterProps) {
  return (
    <div className={breadcrumbsClasses.filters}>
      <TextInput
        size="xs"
        className={breadcrumbsClasses.filterText}
        aria-label="Filter breadcrumbs by text"
        placeholder="Filter"
        leftSection={<IconSearch size={14} />}
        value={filter.text}
        onChange={(change) => onChange({ ...filter, text: change.currentTarget.value })}
        rightSection={
          filter.text !== "" && (
            <CloseButton size="xs" aria-label="Clear the text" onClick={() => onChange({ ...filter, text: "" })} />
          )
        }
      />
      <Toggles
        label="Type"
        choices={typesOf(crumbs)}
        chosen={filter.types}
        onChange={(types) => onChange({ ...filter, types })}
      />
      <Toggles
        label="Level"
        choices={levelsOf(crumbs)}
        chosen={filter.levels}
        onChange={(levels) => onChange({ ...filter, levels })}
      />
    </div>
  );
}

interface TogglesProps {
  label: string;
  choices: readonly FilterChoice[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

function Toggles({ label, choices, chosen, onChange }: TogglesProps) {
  if (choices.length < 2) return null;
  return (
    <div className={breadcrumbsClasses.toggles} role="group" aria-label={label}>
      {choices.map(({ value, count }) => {
        const on = chosen.includes(value);
        const next = on ? chosen.filter((item) => item !== value) : [...chosen, value];
        return (
          <button
            key={value}
            type="button"
            className={breadcrumbsClasses.toggle}
            aria-pressed={on}
            onClick={() => onChange(next)}
          >
            <VisibleText text={value} />
            <span className={classes.count}>{count}</span>
          </button>
        );
      })}
    </div>
  );
}

function CrumbRow({ crumb, eventAt }: { crumb: Breadcrumb; eventAt: number | null }) {
  const [open, setOpen] = useState(false);
  const CrumbIcon = ICONS[crumb.type] ?? IconInfoCircle;
  return (
    <li className={breadcrumbsClasses.crumb} data-level={crumb.level}>
      <span className={breadcrumbsClasses.crumbIcon} aria-hidden>
        <CrumbIcon size={14} />
      </span>
      <div className={breadcrumbsClasses.crumbBody}>
        <div className={breadcrumbsClasses.crumbHead}>
          <span className={breadcrumbsClasses.crumbCategory}>
            <VisibleText text={crumb.category} />
          </span>
          {crumb.level !== "info" && <span className={breadcrumbsClasses.crumbLevel}>{crumb.level}</span>}
          <time className={breadcrumbsClasses.crumbTime} data-tip={exactTime(crumb.at)}>
            {offsetText(crumb.at, eventAt)}
          </time>
        </div>
        {crumb.message !== "" && (
          <p className={breadcrumbsClasses.crumbMessage}>
            <LongText text={crumb.message} />
          </p>
        )}
        {crumb.data.length > 0 && (
          <button type="button" className={classes.disclose} aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide data" : "Data"}
            <span className={classes.count}>{crumb.data.length}</span>
          </button>
        )}
        {open && <KeyValues rows={crumb.data} code whole wide />}
      </div>
    </li>
  );
}

/** The timeline's end is what it led to. */
function ErrorRow({ event }: { event: EventView }) {
  const main = event.exceptions.at(-1);
  return (
    <li className={breadcrumbsClasses.crumb} data-level="error" data-end>
      <span className={breadcrumbsClasses.crumbIcon} aria-hidden>
        <IconFlame size={14} />
      </span>
      <div className={breadcrumbsClasses.crumbBody}>
        <div className={breadcrumbsClasses.crumbHead}>
          <span className={breadcrumbsClasses.crumbCategory}>This event</span>
          <time className={breadcrumbsClasses.crumbTime} data-tip={exactTime(event.at)}>
            0 ms
          </time>
        </div>
        <p className={breadcrumbsClasses.crumbMessage}>
          <LongText text={main === undefined ? event.title : `${main.type}: ${main.value}`} />
        </p>
      </div>
    </li>
  );
}
