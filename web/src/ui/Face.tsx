import { IconUser, IconUsers } from "@tabler/icons-react";

import { hueOf, initialsOf } from "@/core/face";

import classes from "./ui.module.css";

interface Props {
  /** Null for nobody. */
  name: string | null;
  team?: boolean;
  size?: number;
}

/** The mark of a person or team: initials on a quiet colour that is always the same for the same name. */
export function Face({ name, team = false, size = 24 }: Props) {
  const box = { width: size, height: size, fontSize: Math.round(size * 0.42) };
  if (name === null) {
    return (
      <span className={classes.face} data-nobody style={box} aria-hidden>
        <IconUser size={size * 0.6} stroke={1.5} />
      </span>
    );
  }
  return (
    // The letters are drawn, not written: they are a mark, and no part of a button's name.
    <span className={classes.face} data-team={team || undefined} data-hue={hueOf(name)} data-initials={team ? undefined : initialsOf(name)} style={box} aria-hidden>
      {team && <IconUsers size={size * 0.6} stroke={1.75} />}
    </span>
  );
}
