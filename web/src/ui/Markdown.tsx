import { lazy, Suspense } from "react";

import classes from "./markdown.module.css";

const Rendered = lazy(() => import("./RenderedMarkdown"));

/** Markdown that somebody wrote. Until the renderer has come, the text as it was typed; HTML in it is text, and pictures are links. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className={classes.markdown}>
      <Suspense fallback={<p className={classes.plain}>{text}</p>}>
        <Rendered text={text} />
      </Suspense>
    </div>
  );
}
