import { Menu } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { asApiError } from "@/api/error";
import type { SavedView } from "@/core/savedViews";
import { sentences } from "@/core/sentences";
import { askPermission, usePermission } from "@/queries/notices";
import { notifyOf } from "@/queries/views";

import classes from "./stream.module.css";

const NO_NOTIFICATIONS = "This browser shows no notifications here: they need HTTPS, or localhost.";
const DENIED = "This browser keeps Dexter from notifying you. Allow notifications for this address in its settings first.";
const NOT_ASKED = "You wanted this in another browser. Choose it to allow it in this one, too.";

/** The switch by which a reader is told of what comes up in a view. Only its click asks the browser for the permission. */
export function NotifyItem({ view }: { view: SavedView }) {
  const queryClient = useQueryClient();
  const permission = usePermission();
  const turn = useMutation({
    mutationFn: async (on: boolean) => {
      // Without the permission the wish would be kept and nothing would ever come.
      if (on && (await askPermission()) !== "granted") return;
      await notifyOf(queryClient, view.id, on);
    },
  });
  const isOn = view.notify && permission === "granted";
  const failure = turn.error === null ? null : asApiError(turn.error);
  const words = failure !== null ? sentences(failure.message, failure.remedy) : permission === null ? NO_NOTIFICATIONS : permission === "denied" ? DENIED : view.notify && !isOn ? NOT_ASKED : null;
  return (
    <>
      <Menu.CheckboxItem checked={isOn} disabled={permission === null || permission === "denied" || turn.isPending} onChange={(on) => turn.mutate(on)}>
        Notify me of “{view.name}”
      </Menu.CheckboxItem>
      <p className={classes.notifyWords} role="status">
        {words}
      </p>
    </>
  );
}
