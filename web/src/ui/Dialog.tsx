import { CloseButton, Drawer, Modal } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./ui.module.css";

interface Props {
  title: string;
  /** In the middle of the screen, or a sheet from below for a thumb. */
  from: "middle" | "below";
  size?: number | string;
  /** No visible title and no close button: the content says it all. */
  bare?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog with its name; Escape and a press outside close it, and the focus goes back to where it came from. */
export function Dialog({ title, from, size = 560, bare = false, onClose, children }: Props) {
  const inside = (
    <>
      {!bare && (
        <div className={classes.dialogHead}>
          <h2>{title}</h2>
          <CloseButton aria-label="Close" onClick={onClose} />
        </div>
      )}
      <div className={bare ? undefined : classes.dialogBody}>{children}</div>
    </>
  );
  if (from === "below") {
    return (
      <Drawer.Root opened onClose={onClose} position="bottom" transitionProps={{ duration: 120 }} classNames={{ inner: classes.sheetHolder ?? "", content: classes.sheet ?? "" }}>
        <Drawer.Overlay backgroundOpacity={0.4} />
        <Drawer.Content aria-label={title}>
          {inside}
        </Drawer.Content>
      </Drawer.Root>
    );
  }
  return (
    <Modal.Root opened onClose={onClose} transitionProps={{ duration: 120 }} size={size} yOffset="12vh" classNames={{ content: classes.dialog ?? "" }}>
      <Modal.Overlay backgroundOpacity={0.4} />
      <Modal.Content aria-label={title}>
        {inside}
      </Modal.Content>
    </Modal.Root>
  );
}
