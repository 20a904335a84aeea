import { AccountScreen } from "@/screens/account/AccountScreen";

/** The reader's account at its address, in a chunk of its own. */
export function AccountRoute() {
  return <AccountScreen />;
}
