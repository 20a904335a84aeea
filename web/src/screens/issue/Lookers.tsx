import { useMemo } from "react";

import { alsoHere } from "@/core/feed";
import { useAskPresence, useOthersAt } from "@/queries/presence";
import { useLookingAt } from "@/queries/live";
import { Face } from "@/ui/Face";

import headerClasses from "./header.module.css";

const SHOWN = 4;

/** Who else looks at the issue now, so that two people do not work on it without knowing of each other. */
export function Lookers({ issueId }: { issueId: string }) {
  useLookingAt(issueId);
  useAskPresence(useMemo(() => [issueId], [issueId]));
  const others = useOthersAt(issueId);
  const words = alsoHere(others);
  return (
    <span className={headerClasses.lookers} data-tip={words === "" ? undefined : words}>
      {others.slice(0, SHOWN).map(({ id, name }) => (
        <Face key={id} name={name} size={22} />
      ))}
      {others.length > SHOWN && <span aria-hidden>+{others.length - SHOWN}</span>}
      <span className={headerClasses.lookersWords} role="status">
        {words}
      </span>
    </span>
  );
}
