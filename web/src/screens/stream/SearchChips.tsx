import { IconAlertTriangle, IconX } from "@tabler/icons-react";

import { readSearch, type SearchToken, withoutToken } from "@/core/search";

import classes from "./stream.module.css";
import { useView } from "./useView";

/** What was understood of the search, one chip for each part; a doubtful part says what is doubtful. */
export function SearchChips() {
  const { view, change } = useView();
  const tokens = readSearch(view.query);
  if (tokens.length === 0) return null;
  return (
    <ul className={classes.chips} aria-label="What the search means">
      {tokens.map((token) => (
        <li key={token.start} className={classes.chip} data-doubt={token.doubt !== null || undefined}>
          <TokenWords token={token} />
          {token.doubt !== null && (
            <span className={classes.doubt}>
              <IconAlertTriangle size={14} stroke={1.5} aria-hidden />
              {token.doubt}
            </span>
          )}
          <button type="button" aria-label={`Remove ${token.raw}`} onClick={() => change({ query: withoutToken(view.query, token) })}>
            <IconX size={12} stroke={2} aria-hidden />
          </button>
        </li>
      ))}
      <li>
        <button type="button" className={classes.chipsClear} onClick={() => change({ query: "" })}>
          Clear
        </button>
      </li>
    </ul>
  );
}

function TokenWords({ token }: { token: SearchToken }) {
  if (token.kind === "text") {
    return (
      <span>
        <span className={classes.chipKey}>text has</span> {token.value}
      </span>
    );
  }
  return (
    <span>
      <span className={classes.chipKey}>{verbOf(token)}</span> {token.value}
    </span>
  );
}

/** Give the words before a filter's value: "is", "is not", "has", "level is", "release is not". */
function verbOf({ key, negated }: SearchToken): string {
  if (key === "is") return negated ? "is not" : "is";
  if (key === "has") return negated ? "has no" : "has";
  return `${key} ${negated ? "is not" : "is"}`;
}
