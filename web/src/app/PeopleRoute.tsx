import { PeopleScreen } from "@/screens/people/PeopleScreen";

/** The people at their address, in a chunk of their own. */
export function PeopleRoute() {
  return <PeopleScreen />;
}
