import { useEffect, useState } from "react";

import classes from "./ui.module.css";

const DELAY_MS = 300;
const MARGIN = 8;

interface Tip {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly below: boolean;
}

function tipFor(element: HTMLElement | SVGElement): Tip | null {
  const text = element.dataset["tip"] ?? "";
  if (text === "") return null;
  const box = element.getBoundingClientRect();
  const below = box.top < 48;
  const x = Math.min(Math.max(box.left + box.width / 2, MARGIN + 60), window.innerWidth - MARGIN - 60);
  return { text, x, y: below ? box.bottom + 6 : box.top - 6, below };
}

/**
 * One tooltip for the whole page: any element says its text in `data-tip`.
 *
 * A list has hundreds of such elements; a tooltip component for each would cost more than the rows themselves.
 * It repeats what is also said to screen readers, so it is hidden from them.
 */
export function Tips() {
  const [tip, setTip] = useState<Tip | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (event: Event) => {
      clearTimeout(timer);
      const target = event.target instanceof Element ? event.target.closest<HTMLElement | SVGElement>("[data-tip]") : null;
      if (target === null) setTip(null);
      else timer = setTimeout(() => setTip(tipFor(target)), event.type === "focusin" ? 0 : DELAY_MS);
    };
    const hide = () => {
      clearTimeout(timer);
      setTip(null);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") hide();
    };
    document.addEventListener("pointerover", show);
    document.addEventListener("focusin", show);
    document.addEventListener("pointerdown", hide);
    document.addEventListener("scroll", hide, true);
    document.addEventListener("keydown", onKey);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerover", show);
      document.removeEventListener("focusin", show);
      document.removeEventListener("pointerdown", hide);
      document.removeEventListener("scroll", hide, true);
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  if (tip === null) return null;
  return (
    <div className={classes.tip} data-below={tip.below || undefined} style={{ left: tip.x, top: tip.y }} aria-hidden>
      {tip.text}
    </div>
  );
}
