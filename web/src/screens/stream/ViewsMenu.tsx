import { Button, Checkbox, Menu, TextInput } from "@mantine/core";
import { IconBell, IconBookmark, IconChevronDown, IconUsers } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { savedAs, type SavedView } from "@/core/savedViews";
import { addressOf, viewOf } from "@/core/view";
import { dropView, saveView, useSavedViews } from "@/queries/views";
import { useCommands } from "@/ui/commands";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { Picker } from "@/ui/Picker";

import { matches } from "@/core/choices";
import { NotifyItem } from "./NotifyItem";
import classes from "./stream.module.css";
import { useView } from "./useView";

/** The kept views, and keeping the one on screen. */
export function ViewsMenu() {
  const { view, change } = useView();
  const { views, failed } = useSavedViews();
  const queryClient = useQueryClient();
  const current = savedAs(view, views);
  const [naming, setNaming] = useState<SavedView | "new" | null>(null);
  const [picking, setPicking] = useState(false);
  const drop = useMutation({ mutationFn: (id: string) => dropView(queryClient, id) });
  const go = (saved: SavedView) => change(viewOf(saved.address));
  useCommands([
    { id: "go.views", label: "Go to a saved view…", section: "Go to", enabled: views.length > 0, run: () => setPicking(true) },
    { id: "view.save", label: "Save this view…", section: "View", run: () => setNaming("new") },
  ]);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button className={classes.filter} variant="default" size="compact-md" h={32} leftSection={<IconBookmark size={16} stroke={1.5} />} rightSection={<IconChevronDown size={14} stroke={1.5} />} data-active={current !== null || undefined}>
            <span className={classes.viewName}>{current?.name ?? "Views"}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {failed && <Menu.Label>The saved views could not be loaded</Menu.Label>}
          {!failed && views.length === 0 && <Menu.Label>No view is saved yet</Menu.Label>}
          {views.map((saved) => (
            <Menu.Item key={saved.id} onClick={() => go(saved)} aria-current={saved.id === current?.id ? "true" : undefined} rightSection={<ViewMarks saved={saved} />}>
              {saved.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          {current !== null && <NotifyItem view={current} />}
          <Menu.Item onClick={() => setNaming("new")}>Save this view…</Menu.Item>
          {current?.mine === true && <Menu.Item onClick={() => setNaming(current)}>Rename or share “{current.name}”…</Menu.Item>}
          {current?.mine === true && (
            <Menu.Item color="red" onClick={() => drop.mutate(current.id)}>
              Delete “{current.name}”
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {picking && (
        <Picker
          anchor={null}
          title="Saved views"
          placeholder="Go to a view…"
          choices={(typed) => views.filter(({ name }) => matches(typed, name)).map(({ id, name, visibility }) => ({ id, label: name, hint: visibility === "shared" ? "Shared" : undefined }))}
          onChoose={({ id }) => {
            setPicking(false);
            const saved = views.find((one) => one.id === id);
            if (saved !== undefined) go(saved);
          }}
          onClose={() => setPicking(false)}
        />
      )}
      {naming !== null && <NameDialog saved={naming === "new" ? null : naming} address={addressOf(view)} onClose={() => setNaming(null)} />}
    </>
  );
}

function ViewMarks({ saved }: { saved: SavedView }) {
  return (
    <>
      {saved.notify && <IconBell size={14} aria-label="You are notified" />}
      {saved.visibility === "shared" && <IconUsers size={14} aria-label="Shared" />}
    </>
  );
}

function NameDialog({ saved, address, onClose }: { saved: SavedView | null; address: SavedView["address"]; onClose: () => void }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState(saved?.name ?? "");
  const [shared, setShared] = useState(saved?.visibility === "shared");
  const save = useMutation({ mutationFn: () => saveView(queryClient, { name: name.trim(), address, visibility: shared ? "shared" : "private" }, saved?.id), onSuccess: onClose });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (name.trim() !== "") save.mutate();
  };
  return (
    <Dialog title={saved === null ? "Save this view" : "Change the saved view"} from="middle" size={420} onClose={onClose}>
      <form className={classes.nameForm} onSubmit={submit}>
        <TextInput label="Name" value={name} maxLength={100} data-autofocus onChange={(event) => setName(event.currentTarget.value)} />
        <Checkbox label="Share with everybody in this organization" checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />
        {save.error !== null && <ErrorState compact error={save.error} />}
        <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}
