import { keyCaps } from "@/core/keys";

import classes from "./ui.module.css";

const onMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The caps of one key name, as drawn in menus and the sheet of keys. */
export function Keys({ name }: { name: string }) {
  return (
    <span className={classes.keys}>
      {keyCaps(name, onMac).map((cap, index) => (
        <kbd key={index}>{cap}</kbd>
      ))}
    </span>
  );
}
