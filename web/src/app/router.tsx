import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";

import { whenSignedOut } from "@/api/client";
import { ApiError } from "@/api/error";
import type { Session } from "@/api/model";
import { visitScreen } from "@/api/tracing";
import { parseAddress, writeAddress } from "@/core/address";
import { readAuditAddress } from "@/core/audit";
import { readIssuePageAddress } from "@/core/event/address";
import { readFeedAddress } from "@/core/feedView";
import { readGatewayAddress } from "@/core/gatewayAddress";
import { readSubscriptionAddress } from "@/core/subscriptionAddress";
import { screenAt } from "@/core/trace";
import { readAddress, viewOf } from "@/core/view";
import { issuesQuery } from "@/queries/issues";
import { sessionQuery } from "@/queries/session";
import { SignInScreen } from "@/screens/sign-in/SignInScreen";
import { StreamScreen } from "@/screens/stream/StreamScreen";

import { NotFoundScreen, ScreenBoundary, ScreenPending, ShellPending } from "./boundaries";
import { Shell } from "./Shell";
import { isFirstVisit, rememberSignedIn, wasSignedIn } from "./visits";

interface RouterContext {
  queryClient: QueryClient;
}

const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: NotFoundScreen,
});

/** Only a path of this workbench may be returned to; anything else would be an open redirect. */
function safeReturn(value: unknown): string | undefined {
  return typeof value === "string" && /^\/(?![/\\])/.test(value) ? value : undefined;
}

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  // Said even when undefined: what a route leaves out of its search, the router fills with what the address holds.
  validateSearch: (search: Record<string, unknown>): { from?: string | undefined } => ({ from: safeReturn(search["from"]) }),
  component: SignInScreen,
});

const workbenchRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "workbench",
  beforeLoad: async ({ context, location }) => {
    // The list does not wait for the session: on a warm gateway that is the difference between one round trip and two.
    if (location.pathname === "/" && wasSignedIn()) void context.queryClient.infiniteQuery(issuesQuery(viewOf(readAddress(location.search)))).catch(() => undefined);
    let session: Session;
    try {
      session = await context.queryClient.query({ ...sessionQuery, staleTime: "static" });
      rememberSignedIn(true);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      throw redirect({ to: "/sign-in", search: { from: location.href } });
    }
    const address = readAddress(location.search);
    if (location.pathname === "/" && isFirstVisit() && session.project !== null && address.project === undefined) {
      throw redirect({ to: "/", search: { ...address, project: [session.project] }, replace: true });
    }
  },
  component: Shell,
  errorComponent: ScreenBoundary,
  pendingComponent: ShellPending,
  pendingMs: 100,
});

const streamRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/",
  validateSearch: readAddress,
  component: StreamScreen,
  errorComponent: ScreenBoundary,
});

const issueRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/issues/$issueId",
  validateSearch: readIssuePageAddress,
  component: lazyRouteComponent(() => import("./IssueRoute"), "IssueRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const gatewayRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/gateway",
  validateSearch: readGatewayAddress,
  component: lazyRouteComponent(() => import("./GatewayRoute"), "GatewayRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const auditRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/audit",
  validateSearch: readAuditAddress,
  component: lazyRouteComponent(() => import("./AuditRoute"), "AuditRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const feedRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/feed",
  validateSearch: readFeedAddress,
  component: lazyRouteComponent(() => import("./FeedRoute"), "FeedRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const peopleRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/people",
  component: lazyRouteComponent(() => import("./PeopleRoute"), "PeopleRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const subscriptionsRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/subscriptions",
  component: lazyRouteComponent(() => import("./SubscriptionsRoute"), "SubscriptionsRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const subscriptionRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/subscriptions/$subscriptionId",
  validateSearch: readSubscriptionAddress,
  component: lazyRouteComponent(() => import("./SubscriptionRoute"), "SubscriptionRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const accountRoute = createRoute({
  getParentRoute: () => workbenchRoute,
  path: "/account",
  component: lazyRouteComponent(() => import("./AccountRoute"), "AccountRoute"),
  errorComponent: ScreenBoundary,
  pendingComponent: ScreenPending,
});

const routeTree = rootRoute.addChildren([signInRoute, workbenchRoute.addChildren([streamRoute, issueRoute, gatewayRoute, feedRoute, auditRoute, peopleRoute, subscriptionsRoute, subscriptionRoute, accountRoute])]);

/** The screens and their addresses. */
export function createWorkbenchRouter(queryClient: QueryClient) {
  const router = createRouter({
    routeTree,
    context: { queryClient },
    parseSearch: parseAddress,
    stringifySearch: writeAddress,
    defaultPreload: false,
    scrollRestoration: true,
    defaultNotFoundComponent: NotFoundScreen,
  });
  // Before the screen asks for its data, so that what it asks for joins its trace.
  router.subscribe("onBeforeLoad", ({ pathChanged, toLocation }) => {
    if (pathChanged) visitScreen(screenAt(toLocation.pathname));
  });
  whenSignedOut(() => {
    rememberSignedIn(false);
    queryClient.removeQueries({ queryKey: sessionQuery.queryKey });
    if (router.state.location.pathname === "/sign-in") return;
    void router.navigate({ to: "/sign-in", search: { from: router.state.location.href } });
  });
  return router;
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createWorkbenchRouter>;
  }
}
