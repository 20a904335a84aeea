import { notifications } from "@mantine/notifications";

import { asApiError } from "@/api/error";

/** Say that something is done. */
export function sayDone(message: string): void {
  notifications.show({ color: "iris", withBorder: true, message, closeButtonProps: { "aria-label": "Dismiss" } });
}

/** Say why something is not done, and what to do about it. */
export function sayFailed(error: unknown): void {
  notifications.show({ color: "red", withBorder: true, autoClose: 20_000, message: toldOf(error), closeButtonProps: { "aria-label": "Dismiss" } });
}

/** What went wrong and whose move it is, as one text; undefined for nothing. */
export function toldOf(error: unknown): string | undefined {
  if (error === null || error === undefined) return undefined;
  const { message, remedy } = asApiError(error);
  return [message, remedy].filter(Boolean).map((part) => part.replace(/\.?$/, ".")).join(" ");
}
