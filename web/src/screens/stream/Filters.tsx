import { ActionIcon, Button, Indicator, Stack } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconCalendarTime, IconCheck, IconChevronDown, IconFolders, IconSortDescending, IconStack2, IconVolume } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { matches } from "@/core/choices";
import { levelWord } from "@/core/issueWords";
import { LEVELS, type LevelFilter, PERIODS, periodWord, SORTS, sortWord } from "@/core/view";
import { environmentsQuery, projectsQuery } from "@/queries/organization";
import { Dialog } from "@/ui/Dialog";
import { type Choice, Picker } from "@/ui/Picker";

import classes from "./stream.module.css";
import { useView } from "./useView";

interface FilterProps {
  /** In the phone's drawer the buttons are wide. */
  wide?: boolean;
}

/** Project, environment and period: what everything on screen is about. */
export function ScopeFilters({ wide = false }: FilterProps) {
  return (
    <>
      <ProjectFilter wide={wide} />
      <EnvironmentFilter wide={wide} />
      <PeriodFilter wide={wide} />
    </>
  );
}

/** The same filters for a narrow screen, behind one button. */
export function FilterDrawer({ extra }: { extra?: ReactNode }) {
  const [open, setOpen] = useState(false);
  const { view } = useView();
  const set = [view.project, view.environment, view.level].filter((list) => list.length > 0).length;
  return (
    <div className={classes.narrowOnly}>
      <Indicator label={set} size={16} disabled={set === 0} offset={4}>
        <ActionIcon variant="subtle" color="gray" size={36} aria-label={set === 0 ? "Filters" : `Filters, ${set} set`} onClick={() => setOpen(true)}>
          <IconAdjustmentsHorizontal size={20} stroke={1.5} />
        </ActionIcon>
      </Indicator>
      {open && (
        <Dialog title="Filters" from="below" onClose={() => setOpen(false)}>
          <Stack gap="sm">
            <ScopeFilters wide />
            <LevelFilterButton wide />
            <SortButton wide />
            {extra}
          </Stack>
        </Dialog>
      )}
    </div>
  );
}

interface ListFilterProps extends FilterProps {
  icon: ReactNode;
  name: string;
  /** What the button says. */
  says: string;
  active: boolean;
  choices: readonly Choice[];
  chosen: readonly string[];
  note?: string | undefined;
  onToggle: (id: string) => void;
  /** One choice only: choosing closes the list. */
  single?: boolean;
}

function ListFilter({ icon, name, says, active, choices, chosen, note, onToggle, single = false, wide = false }: ListFilterProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const mark = <IconCheck size={16} stroke={2} />;
  const noMark = <span style={{ width: 16 }} />;
  return (
    <>
      <Button
        className={classes.filter}
        data-active={active || undefined}
        variant="default"
        size="compact-md"
        h={32}
        fullWidth={wide}
        data-wide={wide || undefined}
        leftSection={icon}
        rightSection={<IconChevronDown size={14} stroke={1.5} />}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        aria-label={`${name}: ${says}`}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        {says}
      </Button>
      {anchor !== null && (
        <Picker
          anchor={anchor}
          title={name}
          placeholder={`${name}…`}
          choices={(typed) => choices.filter(({ label }) => matches(typed, label)).map((choice) => ({ ...choice, icon: chosen.includes(choice.id) ? mark : noMark }))}
          isChosen={(id) => chosen.includes(id)}
          onChoose={({ id }) => {
            onToggle(id);
            if (single) setAnchor(null);
          }}
          onClose={() => setAnchor(null)}
          {...(note === undefined ? {} : { note })}
        />
      )}
    </>
  );
}

const toggled = <T extends string>(list: readonly T[], item: T): T[] => (list.includes(item) ? list.filter((one) => one !== item) : [...list, item]);

const saysOf = (chosen: readonly string[], none: string, many: string): string =>
  chosen.length === 0 ? none : chosen.length === 1 ? (chosen[0] ?? none) : `${chosen.length} ${many}`;

const noteOf = (query: { isPending: boolean; isError: boolean }, what: string): string | undefined =>
  query.isPending ? `Loading the ${what}…` : query.isError ? `The ${what} could not be loaded` : undefined;

function ProjectFilter({ wide = false }: FilterProps) {
  const { view, change } = useView();
  const projects = useQuery(projectsQuery);
  return (
    <ListFilter
      wide={wide}
      icon={<IconFolders size={16} stroke={1.5} />}
      name="Project"
      says={saysOf(view.project, "All projects", "projects")}
      active={view.project.length > 0}
      choices={(projects.data ?? []).map(({ slug, platform }) => ({ id: slug, label: slug, hint: platform ?? undefined }))}
      chosen={view.project}
      note={noteOf(projects, "projects")}
      onToggle={(slug) => change({ project: toggled(view.project, slug) })}
    />
  );
}

function EnvironmentFilter({ wide = false }: FilterProps) {
  const { view, change } = useView();
  const environments = useQuery(environmentsQuery);
  return (
    <ListFilter
      wide={wide}
      icon={<IconStack2 size={16} stroke={1.5} />}
      name="Environment"
      says={saysOf(view.environment, "All environments", "environments")}
      active={view.environment.length > 0}
      choices={(environments.data ?? []).map(({ name }) => ({ id: name, label: name }))}
      chosen={view.environment}
      note={noteOf(environments, "environments")}
      onToggle={(name) => change({ environment: toggled(view.environment, name) })}
    />
  );
}

function PeriodFilter({ wide = false }: FilterProps) {
  const { view, change } = useView();
  return (
    <ListFilter
      wide={wide}
      single
      icon={<IconCalendarTime size={16} stroke={1.5} />}
      name="Period"
      says={periodWord(view.period)}
      active={false}
      choices={PERIODS.map((period) => ({ id: period, label: periodWord(period) }))}
      chosen={[view.period]}
      onToggle={(id) => {
        const period = PERIODS.find((one) => one === id);
        if (period !== undefined) change({ period });
      }}
    />
  );
}

/** Level, beside the tabs. */
export function LevelFilterButton({ wide = false }: FilterProps) {
  const { view, change } = useView();
  return (
    <ListFilter
      wide={wide}
      icon={<IconVolume size={16} stroke={1.5} />}
      name="Level"
      says={view.level.length === 1 ? levelWord(view.level[0] ?? "error") : saysOf(view.level, "Any level", "levels")}
      active={view.level.length > 0}
      choices={LEVELS.map((level) => ({ id: level, label: levelWord(level) }))}
      chosen={view.level}
      onToggle={(id) => {
        const level: LevelFilter | undefined = LEVELS.find((one) => one === id);
        if (level !== undefined) change({ level: toggled(view.level, level) });
      }}
    />
  );
}

/** Order, beside the tabs. "Date added" exists only in the review list. */
export function SortButton({ wide = false }: FilterProps) {
  const { view, change } = useView();
  const possible = SORTS.filter((sort) => sort !== "inbox" || view.status === "for_review");
  return (
    <ListFilter
      wide={wide}
      single
      icon={<IconSortDescending size={16} stroke={1.5} />}
      name="Sort by"
      says={sortWord(view.sort)}
      active={false}
      choices={possible.map((sort) => ({ id: sort, label: sortWord(sort) }))}
      chosen={[view.sort]}
      onToggle={(id) => {
        const sort = possible.find((one) => one === id);
        if (sort !== undefined) change({ sort });
      }}
    />
  );
}
