/** What the Gateway screen shows, and its form in the address. */

import { WINDOWS, type WindowName } from "./gatewayModel";

export interface GatewayAddress {
  window?: WindowName;
}

const DEFAULT_WINDOW: WindowName = "5m";

/** Give the address's known part; a mangled one shows the usual window, never an error. */
export function readGatewayAddress(search: Readonly<Record<string, unknown>>): GatewayAddress {
  const window = WINDOWS.find((name) => name === search["window"]) ?? DEFAULT_WINDOW;
  return gatewayAddressOf(window);
}

export const windowOf = (address: GatewayAddress): WindowName => address.window ?? DEFAULT_WINDOW;

/** Give the shortest address of a window. */
export function gatewayAddressOf(window: WindowName): GatewayAddress {
  return window === DEFAULT_WINDOW ? {} : { window };
}
