/** What people are told where the gateway has stopped asking Sentry for a while: no names of its parts, and no moment that passes while they read. */
export const LEFT_ALONE = {
  message: "Sentry keeps failing, so Dexter has stopped asking it for a moment",
  remedy: "It asks again by itself soon.",
} as const;

/** Whether a reason is the gateway's own account of that, as a part of a joined answer carries it. */
export const saysLeftAlone = (reason: string | null): boolean => reason?.startsWith("Sentry failed several times in a row at ") ?? false;
