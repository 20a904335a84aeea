import { useMediaQuery } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { readAddress, SPLIT_EMPTY } from "@/core/view";

export interface Split {
  /** Whether an issue may stand beside the list: it is asked for, and there is room. */
  readonly on: boolean;
  /** Whether there is room for it at all. */
  readonly possible: boolean;
  readonly issueId: string | null;
  readonly toggle: (issueId: string | null) => void;
  readonly show: (issueId: string) => void;
}

/** Give whether an issue stands beside the list, and which; both are in the address. */
export function useSplit(): Split {
  const navigate = useNavigate();
  const possible = useMediaQuery("(min-width: 1101px)", true, { getInitialValueInEffect: false });
  const { split } = readAddress(useSearch({ strict: false }));
  const on = split !== undefined && possible;
  const put = useCallback(
    (next: string | undefined) => void navigate({ to: "/", search: (before) => ({ ...readAddress(before), split: next }), replace: true }),
    [navigate],
  );
  const toggle = useCallback((issueId: string | null) => put(split === undefined ? (issueId ?? SPLIT_EMPTY) : undefined), [put, split]);
  return { on, possible, issueId: split === undefined || split === SPLIT_EMPTY ? null : split, toggle, show: put };
}
