import { Outlet } from "@tanstack/react-router";

/** The frame around every screen behind the sign-in. */
export function Shell() {
  return (
    <main>
      <Outlet />
    </main>
  );
}
