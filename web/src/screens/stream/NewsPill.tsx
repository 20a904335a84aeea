import { IconArrowUp } from "@tabler/icons-react";

import { counted } from "@/core/format";

import classes from "./stream.module.css";

/** New issues wait here: nothing moves under the eye until the reader asks. */
export function NewsPill({ arrived, onShow }: { arrived: number; onShow: () => Promise<unknown> }) {
  return (
    <div role="status" className={classes.newsHolder}>
      {arrived > 0 && (
        <button type="button" className={classes.news} onClick={() => void onShow()}>
          <IconArrowUp size={14} stroke={2} aria-hidden />
          {counted(arrived, "new issue")}
        </button>
      )}
    </div>
  );
}
