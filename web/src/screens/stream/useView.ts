import { useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { readListAddress } from "@/core/event/address";
import { addressOf, readAddress, type View, type ViewAddress, viewOf } from "@/core/view";

/** The last view of the stream, so that leaving an issue leads back to the same list. */
let lastAddress: ViewAddress = {};

export interface ViewControl {
  readonly view: View;
  /** Change parts of the view. Goes to the stream when another screen is open. */
  readonly change: (part: Partial<View>) => void;
}

/** Give the view of the stream as the address holds it, also that of an issue opened from it, and the way to change it. */
export function useView(): ViewControl {
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [onStream, onIssue] = [path === "/", path.startsWith("/issues/")];
  const search = useSearch({ strict: false });
  const address = useMemo<ViewAddress>(() => (onStream ? readAddress(search) : onIssue ? readListAddress(search) : lastAddress), [onStream, onIssue, search]);
  const view = useMemo(() => viewOf(address), [address]);
  const change = useCallback(
    (part: Partial<View>) => {
      const next = addressOf({ ...view, ...part });
      void navigate({ to: "/", search: address.split === undefined ? next : { ...next, split: address.split } });
    },
    [navigate, view, address.split],
  );
  return { view, change };
}

/** Keep the address of the view on screen for the way back; an empty one after signing out. */
export function rememberAddress(address: ViewAddress): void {
  lastAddress = address;
}

/** Give the address that leads back to the list the reader came from. */
export function rememberedAddress(): ViewAddress {
  return lastAddress;
}
