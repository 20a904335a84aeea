import { Outlet } from "@tanstack/react-router";

import { TriageProvider } from "@/screens/triage/TriageProvider";
import { CommandsProvider } from "@/ui/commands";
import { Tips } from "@/ui/Tips";

import { CommandPalette } from "./CommandPalette";
import { KeySheet } from "./KeySheet";
import { BottomBar, SideNav } from "./Navigation";
import classes from "./shell.module.css";
import { TopBar } from "./TopBar";

/** The frame around every screen behind the sign-in. */
export function Shell() {
  return (
    <CommandsProvider>
      <TriageProvider>
        <a className={classes.skip} href="#main">
          Skip to the content
        </a>
        <div className={classes.shell}>
          <SideNav />
          <div className={classes.column}>
            <TopBar />
            <main id="main" className={classes.main} tabIndex={-1}>
              <Outlet />
            </main>
          </div>
          <BottomBar />
        </div>
        <CommandPalette />
        <KeySheet />
        <Tips />
      </TriageProvider>
    </CommandsProvider>
  );
}
