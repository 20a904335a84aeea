import { Button, Chip, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedCallback, useMediaQuery } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { FEED_GROUPS, FEED_SOURCES, type FeedView, filtersSet, withGroup } from "@/core/feedView";
import { groupWord, sourceWord } from "@/core/feedWords";
import { projectsQuery } from "@/queries/organization";

import classes from "./feed.module.css";

const TYPING_MS = 300;

interface Props {
  view: FeedView;
  onChange: (part: Partial<FeedView>) => void;
}

/** What of the feed is shown. All of it stands in the address, and the gateway sends no more than that. */
export function FeedFilters({ view, onChange }: Props) {
  const projects = useQuery(projectsQuery).data?.map(({ slug }) => slug) ?? [];
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  const [unfolded, setUnfolded] = useState(false);
  const fields = filtersSet({ ...view, groups: [] });
  const known = view.project === "" || projects.includes(view.project) ? projects : [view.project, ...projects];
  return (
    <div className={classes.filters} role="search" aria-label="Filter the feed">
      <div className={classes.groups} role="group" aria-label="Kinds of events">
        {FEED_GROUPS.map((group) => (
          <Chip key={group} size="xs" variant="outline" checked={view.groups.includes(group)} onChange={() => onChange({ groups: withGroup(view.groups, group) })}>
            {groupWord(group)}
          </Chip>
        ))}
      </div>
      {narrow && (
        <Button size="xs" variant="default" leftSection={<IconFilter size={14} />} aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
          {fields === 0 ? "Filters" : `Filters (${fields})`}
        </Button>
      )}
      {(!narrow || unfolded) && (
        <div className={classes.fields}>
          <NativeSelect
            size="xs"
            aria-label="Project"
            value={view.project}
            onChange={(event) => onChange({ project: event.currentTarget.value })}
            data={[{ value: "", label: "Any project" }, ...known.map((slug) => ({ value: slug, label: slug }))]}
          />
          <NativeSelect
            size="xs"
            aria-label="Source"
            value={view.source ?? ""}
            onChange={(event) => onChange({ source: FEED_SOURCES.find((source) => source === event.currentTarget.value) ?? null })}
            data={[{ value: "", label: "Any source" }, ...FEED_SOURCES.map((source) => ({ value: source, label: sourceWord(source) }))]}
          />
          <Field label="Issue" placeholder="Issue: SHOP-7" value={view.issue} onChange={(issue) => onChange({ issue })} />
          <Field label="Who" placeholder="Who" value={view.actor} onChange={(actor) => onChange({ actor })} />
          <Field label="Title" placeholder="Words of the title" value={view.text} onChange={(text) => onChange({ text })} />
        </div>
      )}
    </div>
  );
}

/** A field that filters once its reader stops typing, and follows the address. */
function Field({ label, placeholder, value, onChange }: { label: string; placeholder: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const [sent, setSent] = useState(value);
  const send = useDebouncedCallback((next: string) => {
    setSent(next.trim());
    onChange(next.trim());
  }, TYPING_MS);
  if (value !== sent) {
    setSent(value);
    setTyped(value);
  }
  return (
    <TextInput
      size="xs"
      aria-label={label}
      placeholder={placeholder}
      maxLength={120}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
    />
  );
}
