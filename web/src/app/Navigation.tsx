import { useLocalStorage } from "@mantine/hooks";
import {
  IconActivityHeartbeat,
  IconAlertSquareRounded,
  IconBook2,
  IconEyeCheck,
  IconFlame,
  IconHistory,
  IconKeyboard,
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconMenu2,
  IconRotateClockwise2,
  IconSend,
  IconTimeline,
  IconUserCircle,
  IconUsers,
} from "@tabler/icons-react";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import type { ComponentType } from "react";

import { addressOf, DEFAULT_VIEW, type View } from "@/core/view";
import { useSession } from "@/queries/session";
import { rememberedAddress, useView } from "@/screens/stream/useView";
import { useCommandRunner, useCommands } from "@/ui/commands";

import classes from "./shell.module.css";

interface Place {
  readonly label: string;
  readonly short: string;
  readonly icon: ComponentType<{ size?: number; stroke?: number }>;
  readonly part: Partial<View>;
}

const STREAM: Place = { label: "Issues", short: "Issues", icon: IconAlertSquareRounded, part: {} };
const REVIEW: Place = { label: "For review", short: "Review", icon: IconEyeCheck, part: { status: "for_review" } };
const MINE: Place = { label: "Assigned to me", short: "Mine", icon: IconUserCircle, part: { query: "assigned:me" } };
const REGRESSED: Place = { label: "Regressed", short: "Regressed", icon: IconRotateClockwise2, part: { query: "is:regressed" } };
const ESCALATING: Place = { label: "Escalating", short: "Escalating", icon: IconFlame, part: { query: "is:escalating" } };
const VIEWS = [REVIEW, MINE, REGRESSED, ESCALATING];

/** A place is a status and a search; the project, environment and period that the reader set stay as they are. */
function at(place: Place, view: View): View {
  return { ...view, status: DEFAULT_VIEW.status, query: "", ...place.part };
}

/** Give the screen the reader is on when it belongs to no list of issues: the Gateway, the audit log, one's own account. */
function useElsewhere(): string | null {
  return useRouterState({ select: ({ location: { pathname } }) => (pathname === "/" || pathname.startsWith("/issues/") ? null : pathname) });
}

/** Say whether the reader is at a place: whatever list has no name of its own is the plain one, narrowed. */
function isAt(place: Place, view: View): boolean {
  if (place === STREAM) return !VIEWS.some((other) => isAt(other, view));
  const wanted = at(place, view);
  return wanted.status === view.status && wanted.query === view.query;
}

/** The navigation on the left: slim, and slimmer when asked. */
export function SideNav() {
  const [slim, setSlim] = useLocalStorage({ key: "dexter-nav-slim", defaultValue: false, getInitialValueInEffect: false });
  const session = useSession();
  const { view, change } = useView();
  const run = useCommandRunner();
  const navigate = useNavigate();

  const administers = session.user.is_admin === true || session.user.role === "admin";

  useCommands([
    ...(administers
      ? [
          { id: "go.people", label: "Go to the people", section: "Go to", run: () => void navigate({ to: "/people" }) },
          { id: "go.subscriptions", label: "Go to the subscriptions", section: "Go to", run: () => void navigate({ to: "/subscriptions" }) },
        ]
      : []),
    { id: "go.account", label: "Go to your account", section: "Go to", run: () => void navigate({ to: "/account" }) },
    { id: "go.back", label: "Go to the issues as they were", section: "Go to", keyOnly: true, run: () => void navigate({ to: "/", search: rememberedAddress() }) },
    { id: "go.feed", label: "Go to the feed", section: "Go to", run: () => void navigate({ to: "/feed", search: {} }) },
    { id: "go.audit", label: "Go to the audit log", section: "Go to", run: () => void navigate({ to: "/audit", search: {} }) },
    { id: "go.gateway", label: "Go to the gateway", section: "Go to", run: () => void navigate({ to: "/gateway", search: {} }) },
    ...[STREAM, ...VIEWS].map((place) => ({
      id: `go.${place.label}`,
      label: `Go to ${place.label.toLowerCase()}`,
      section: "Go to",
      run: () => change(at(place, view)),
    })),
    { id: "go.docs", label: "Go to the API reference", section: "Go to", run: () => window.location.assign("/docs") },
    { id: "nav.slim", label: slim ? "Widen the navigation" : "Narrow the navigation", section: "Look", run: () => setSlim(!slim) },
  ]);

  return (
    <nav className={classes.side} data-slim={slim || undefined} aria-label="Main">
      <Link to="/" search={{}} className={classes.brand}>
        <img src="/favicon.svg" width={24} height={24} alt={slim ? "Dexter" : ""} />
        {!slim && (
          <span className={classes.brandWords}>
            <strong>Dexter</strong>
            <span>{session.organization}</span>
          </span>
        )}
      </Link>
      <PlaceLink place={STREAM} slim={slim} />
      <ScreenLink to="/feed" label="Feed" tip="Feed (g f)" icon={IconTimeline} slim={slim} />
      <div className={classes.navHead}>{slim ? "" : "Views"}</div>
      {VIEWS.map((place) => (
        <PlaceLink key={place.label} place={place} slim={slim} />
      ))}
      <div className={classes.navEnd}>
        {administers && <ScreenLink to="/people" label="People" tip="People" icon={IconUsers} slim={slim} />}
        {administers && <ScreenLink to="/subscriptions" label="Subscriptions" tip="Subscriptions (g s)" icon={IconSend} slim={slim} />}
        <ScreenLink to="/audit" label="Audit" tip="Audit (g a)" icon={IconHistory} slim={slim} />
        <ScreenLink to="/gateway" label="Gateway" tip="Gateway (g g)" icon={IconActivityHeartbeat} slim={slim} />
        <a className={classes.navLink} href="/docs" aria-label="API reference" {...(slim ? { "data-tip": "API reference" } : {})}>
          <IconBook2 size={18} stroke={1.5} />
          {!slim && <span>API reference</span>}
        </a>
        <button type="button" className={classes.navLink} aria-label="Keys" onClick={() => run("help.keys")} {...(slim ? { "data-tip": "Keys" } : {})}>
          <IconKeyboard size={18} stroke={1.5} />
          {!slim && <span>Keys</span>}
        </button>
        <button
          type="button"
          className={`${classes.navLink} ${classes.collapse}`}
          aria-label={slim ? "Widen the navigation" : "Narrow the navigation"}
          onClick={() => setSlim(!slim)}
        >
          {slim ? <IconLayoutSidebarLeftExpand size={18} stroke={1.5} /> : <IconLayoutSidebarLeftCollapse size={18} stroke={1.5} />}
          {!slim && <span>Narrow</span>}
        </button>
      </div>
    </nav>
  );
}

interface ScreenLinkProps {
  to: "/audit" | "/feed" | "/gateway" | "/people" | "/subscriptions";
  label: string;
  tip: string;
  icon: Place["icon"];
  slim: boolean;
}

function ScreenLink({ to, label, tip, icon: Icon, slim }: ScreenLinkProps) {
  const elsewhere = useElsewhere();
  const here = elsewhere === to || elsewhere?.startsWith(`${to}/`) === true;
  return (
    <Link to={to} search={{}} className={classes.navLink} aria-label={label} aria-current={here ? "page" : undefined} data-here={here || undefined} data-tip={slim ? tip : undefined}>
      <Icon size={18} stroke={1.5} />
      {!slim && <span>{label}</span>}
    </Link>
  );
}

function PlaceLink({ place, slim }: { place: Place; slim: boolean }) {
  const { view } = useView();
  const here = useElsewhere() === null && isAt(place, view);
  return (
    <Link
      to="/"
      search={addressOf(at(place, view))}
      className={classes.navLink}
      aria-label={place.label}
      aria-current={here ? "page" : undefined}
      data-here={here || undefined}
      data-tip={slim ? place.label : undefined}
    >
      <place.icon size={18} stroke={1.5} />
      {!slim && <span>{place.label}</span>}
    </Link>
  );
}

/** The same places under the thumb. */
export function BottomBar() {
  const { view } = useView();
  const run = useCommandRunner();
  const elsewhere = useElsewhere();
  const onGateway = elsewhere === "/gateway";
  return (
    <nav className={classes.bottom} aria-label="Main">
      {[STREAM, REVIEW, MINE].map((place) => {
        const here = elsewhere === null && isAt(place, view);
        return (
          <Link key={place.label} to="/" search={addressOf(at(place, view))} data-here={here || undefined} aria-current={here ? "page" : undefined}>
            <place.icon size={20} stroke={1.5} />
            {place.short}
          </Link>
        );
      })}
      <Link to="/gateway" search={{}} data-here={onGateway || undefined} aria-current={onGateway ? "page" : undefined}>
        <IconActivityHeartbeat size={20} stroke={1.5} />
        Gateway
      </Link>
      <button type="button" onClick={() => run("help.palette")}>
        <IconMenu2 size={20} stroke={1.5} />
        Actions
      </button>
    </nav>
  );
}
