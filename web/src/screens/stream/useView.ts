import { useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { addressOf, readAddress, type View, type ViewAddress, viewOf } from "@/core/view";

/** The last view of the stream, so that leaving an issue leads back to the same list. */
let lastAddress: ViewAddress = {};

export interface ViewControl {
  readonly view: View;
  /** Change parts of the view. Goes to the stream when another screen is open. */
  readonly change: (part: Partial<View>) => void;
}

/** Give the stream's view as the address holds it, and the way to change it. */
export function useView(): ViewControl {
  const navigate = useNavigate();
  const onStream = useRouterState({ select: (state) => state.location.pathname === "/" });
  const search = useSearch({ strict: false });
  const address = useMemo(() => (onStream ? readAddress(search) : lastAddress), [onStream, search]);
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
