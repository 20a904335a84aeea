import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { healthQuery } from "@/queries/health";
import { signOut, useSession } from "@/queries/session";
import { FilterDrawer, ScopeFilters } from "@/screens/stream/Filters";
import { forgetPlaces } from "@/screens/stream/place";
import { SearchField } from "@/screens/stream/SearchField";
import { rememberAddress } from "@/screens/stream/useView";
import { useCommandRunner, useCommands } from "@/ui/commands";
import { Face } from "@/ui/Face";

import classes from "./shell.module.css";

/** What holds for every screen: scope, search, how the gateway is, and the reader's own things. */
export function TopBar() {
  return (
    <header className={classes.top}>
      <div className={classes.topFilters}>
        <ScopeFilters />
      </div>
      <div className={classes.topSearch}>
        <SearchField />
      </div>
      <div className={classes.topEnd}>
        <FilterDrawer />
        <HealthDot />
        <ThemeButton />
        <AccountMenu />
      </div>
    </header>
  );
}

const HEALTH_WORDS = { good: "Healthy", degraded: "Degraded", down: "Gateway down", unknown: "Checking" };

function HealthDot() {
  const { data } = useQuery(healthQuery);
  const state = data?.state ?? "unknown";
  return (
    <span className={classes.health} data-state={state} role="status" aria-label={data?.words ?? "Asking the gateway"} data-tip={data?.words ?? "Asking the gateway"}>
      <i aria-hidden />
      <span aria-hidden>{HEALTH_WORDS[state]}</span>
    </span>
  );
}

function ThemeButton() {
  const shown = useComputedColorScheme("light");
  const { setColorScheme } = useMantineColorScheme();
  const other = shown === "dark" ? "light" : "dark";
  useCommands([
    { id: "look.theme", label: `Use the ${other} theme`, section: "Look", keys: ["t"], run: () => setColorScheme(other) },
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
  const { setColorScheme } = useMantineColorScheme();
  const leave = async () => {
    await signOut();
    queryClient.clear();
    forgetPlaces();
    rememberAddress({});
    await navigate({ to: "/sign-in" });
  };
  useCommands([{ id: "account.out", label: "Sign out", section: "Account", run: () => void leave() }]);
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={36} radius="xl" aria-label={`Account: ${name}`}>
          <Face name={session.user.name} size={26} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {[name, session.organization].filter((word) => word !== null).join(" · ")}
        </Menu.Label>
        <Menu.Item leftSection={<IconDeviceDesktop size={16} stroke={1.5} />} onClick={() => setColorScheme("auto")}>
          Use the system&apos;s theme
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} stroke={1.5} />} onClick={() => run("account.out")}>
          Sign out
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Dexter {session.version}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
