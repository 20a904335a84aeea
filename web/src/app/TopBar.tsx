import { ActionIcon, Group, Popover, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun, IconUserCircle } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useState } from "react";

import { useHealth } from "@/queries/health";
import { signOut, useSession } from "@/queries/session";
import { LiveBadge } from "@/screens/stream/LiveBadge";
import { FilterDrawer, ScopeFilters } from "@/screens/stream/Filters";
import { forgetPlaces } from "@/screens/stream/place";
import { ExportMenu } from "@/screens/stream/ExportMenu";
import { SearchField } from "@/screens/stream/SearchField";
import { rememberAddress } from "@/screens/stream/useView";
import { ViewsMenu } from "@/screens/stream/ViewsMenu";
import { useCommandRunner, useCommands } from "@/ui/commands";
import { Face } from "@/ui/Face";

import classes from "./shell.module.css";

/** What holds for every screen: scope, search, how the gateway is, and the reader's own things. */
export function TopBar() {
  // Project, environment and period say nothing about the gateway or the audit log.
  const scoped = useRouterState({ select: ({ location: { pathname } }) => pathname === "/" || pathname.startsWith("/issues/") });
  return (
    <header className={classes.top}>
      {scoped && (
        <div className={classes.topFilters}>
          <ScopeFilters />
        </div>
      )}
      <div className={classes.topSearch}>
        <SearchField />
      </div>
      <div className={classes.topEnd}>
        {scoped && <FilterDrawer
            extra={
              <Group gap="xs">
                <ViewsMenu />
                <ExportMenu />
              </Group>
            }
          />}
        <LiveBadge />
        <HealthDot />
        <ThemeButton />
        <AccountMenu />
      </div>
    </header>
  );
}

const HEALTH_WORDS = { good: "Healthy", degraded: "Degraded", down: "Gateway down", unknown: "Checking" };

function HealthDot() {
  const health = useHealth();
  const state = health?.state ?? "unknown";
  const words = health?.words ?? "Asking the gateway";
  return (
    <Link to="/gateway" search={{}} className={classes.health} data-state={state} aria-label={`${words}. Open the Gateway screen`} data-tip={words}>
      <i aria-hidden />
      <span aria-hidden>{HEALTH_WORDS[state]}</span>
      <span className="dx-unseen" role="status">
        {state === "good" || state === "unknown" ? "" : words}
      </span>
    </Link>
  );
}

function ThemeButton() {
  const shown = useComputedColorScheme("light");
  const { setColorScheme } = useMantineColorScheme();
  const other = shown === "dark" ? "light" : "dark";
  useCommands([
    { id: "look.theme", label: `Use the ${other} theme`, section: "Look", run: () => setColorScheme(other) },
    { id: "look.system", label: "Use the system's theme", section: "Look", run: () => setColorScheme("auto") },
  ]);
  return (
    <ActionIcon variant="subtle" color="gray" size={32} aria-label={`Use the ${other} theme`} data-tip={`Use the ${other} theme`} onClick={() => setColorScheme(other)}>
      {shown === "dark" ? <IconSun size={18} stroke={1.5} /> : <IconMoon size={18} stroke={1.5} />}
    </ActionIcon>
  );
}

function AccountMenu() {
  const session = useSession();
  const name = session.user.name ?? "Signed in";
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const run = useCommandRunner();
  const [open, setOpen] = useState(false);
  const choose = (command: string) => {
    setOpen(false);
    run(command);
  };
  const leave = async () => {
    await signOut();
    queryClient.clear();
    forgetPlaces();
    rememberAddress({});
    await navigate({ to: "/sign-in" });
  };
  useCommands([{ id: "account.out", label: "Sign out", section: "Account", run: () => void leave() }]);
  return (
    <Popover position="bottom-end" width={240} trapFocus returnFocus withRoles={false} opened={open} onChange={setOpen}>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          radius="xl"
          aria-label={`Account: ${name}`}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Face name={session.user.name} size={26} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label="Account" className={classes.account}>
        <p>
          <strong>{name}</strong>
          {session.organization !== null && <span>{session.organization}</span>}
        </p>
        <Link to="/account" className={classes.navLink} onClick={() => setOpen(false)}>
          <IconUserCircle size={18} stroke={1.5} />
          Account
        </Link>
        <button type="button" className={classes.navLink} onClick={() => choose("look.system")}>
          <IconDeviceDesktop size={18} stroke={1.5} />
          Use the system&apos;s theme
        </button>
        <button type="button" className={classes.navLink} onClick={() => choose("account.out")}>
          <IconLogout size={18} stroke={1.5} />
          Sign out
        </button>
        <small>Dexter {session.version}</small>
      </Popover.Dropdown>
    </Popover>
  );
}
