import { useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { useEffect } from "react";

import { sendSpans } from "@/queries/gateway";
import { addressOf, viewOf } from "@/core/view";
import { useLive } from "@/queries/live";
import { useNotices } from "@/queries/notices";
import { BulkProvider } from "@/screens/bulk/BulkProvider";
import { rememberedAddress } from "@/screens/stream/useView";
import { TriageProvider } from "@/screens/triage/TriageProvider";
import { CommandsProvider } from "@/ui/commands";
import { Tips } from "@/ui/Tips";

import { CommandPalette } from "./CommandPalette";
import { KeySheet } from "./KeySheet";
import { BottomBar, SideNav } from "./Navigation";
import classes from "./shell.module.css";
import { TopBar } from "./TopBar";

const SPANS_EVERY_MS = 20_000;

/** Tell the gateway from time to time what the browser measured; it ends in the same traces as the gateway's own spans. */
function useSpanReports(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const timer = setInterval(() => void sendSpans(queryClient), SPANS_EVERY_MS);
    return () => clearInterval(timer);
  }, [queryClient]);
}

/** Give the address of the list that somebody looks at in this tab, or null. */
function shownView(): string | null {
  if (document.visibilityState !== "visible" || window.location.pathname !== "/") return null;
  return JSON.stringify(addressOf(viewOf(rememberedAddress())));
}

/** The frame around every screen behind the sign-in. */
export function Shell() {
  useSpanReports();
  useLive();
  useNotices(shownView);
  return (
    <CommandsProvider>
      <BulkProvider>
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
      </BulkProvider>
    </CommandsProvider>
  );
}
