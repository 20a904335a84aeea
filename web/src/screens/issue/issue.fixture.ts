/** An issue and one of its events as the gateway sends them, for the screen's tests. */

const NEWER = "b".repeat(32);
export const EVENT = "a".repeat(32);
export const OLDER = "c".repeat(32);

export const SESSION = {
  authenticated: true,
  organization: "acme",
  project: null,
  sentry_url: "https://sentry.example",
  csrf_token: "csrf",
  version: "0.1.0",
  user: { name: "Ada Lovelace" },
};

export function issue(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: "101",
    shortId: "SHOP-1F",
    title: "GatewayTimeout: the bank did not answer",
    culprit: "checkout in post",
    permalink: "https://sentry.example/issues/101/",
    level: "error",
    status: "unresolved",
    substatus: "ongoing",
    statusDetails: {},
    priority: "high",
    project: { id: "2", slug: "shop", name: "Shop" },
    metadata: { type: "GatewayTimeout", value: "the bank did not answer" },
    assignedTo: null,
    count: "12431",
    userCount: 842,
    firstSeen: "2026-11-20T07:00:00Z",
    lastSeen: "2026-11-24T07:00:00Z",
    firstRelease: { version: "shop@1.0" },
    lastRelease: { version: "shop@1.2" },
    isBookmarked: false,
    isSubscribed: false,
    hasSeen: true,
    isUnhandled: true,
    numComments: 0,
    ...change,
  };
}

export function context(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...issue(),
    events: [],
    seenBy: [{ id: "1", name: "Grace Hopper" }],
    participants: [],
    activity: [
      { id: "1", type: "set_resolved", user: { name: "Grace Hopper" }, data: {}, dateCreated: "2026-11-23T07:00:00Z" },
    ],
    tags: [
      {
        key: "browser",
        totalValues: 10,
        topValues: [
          { value: "Chrome 141", count: 9 },
          { value: "Safari", count: 1 },
        ],
      },
      { key: "level", totalValues: 10, topValues: [{ value: "error", count: 10 }] },
    ],
    stats: {
      "24h": [
        [1_795_500_000, 3],
        [1_795_503_600, 9],
      ],
      "30d": [[1_795_500_000, 40]],
    },
    cached_at: "2026-11-24T07:00:00Z",
    parts: { issue: { status: "ok", cached_at: "2026-11-24T07:00:00Z" }, tags: { status: "ok" } },
    ...change,
  };
}

const frame = (fn: string, inApp: boolean, vars?: unknown) => ({
  function: fn,
  filename: `${fn}.py`,
  lineNo: 7,
  inApp,
  context: [
    [6, `before ${fn}`],
    [7, `failing ${fn}`],
  ],
  vars,
});

export function event(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: EVENT,
    eventID: EVENT,
    title: "GatewayTimeout",
    platform: "python",
    dateCreated: "2026-11-24T07:00:00Z",
    nextEventID: NEWER,
    previousEventID: OLDER,
    tags: [
      { key: "browser", value: "Chrome 141" },
      { key: "transaction", value: "/pay" },
    ],
    user: { email: "ada@customers.example" },
    contexts: { runtime: { type: "runtime", name: "CPython", version: "3.12" } },
    entries: [
      {
        type: "exception",
        data: {
          values: [
            {
              type: "ReadTimeout",
              value: "read timed out",
              mechanism: { source: "__cause__" },
              stacktrace: { frames: [frame("read", false)] },
            },
            {
              type: "GatewayTimeout",
              value: "the bank did not answer",
              mechanism: { type: "django", handled: false },
              stacktrace: {
                frames: [
                  frame("wsgi", false),
                  frame("inner", false),
                  frame("post", true),
                  frame("charge", true, { amount: "129.90" }),
                ],
              },
            },
          ],
        },
      },
      {
        type: "breadcrumbs",
        data: {
          values: [
            { category: "query", message: "SELECT cart", timestamp: "2026-11-24T06:59:58Z" },
            {
              type: "http",
              category: "httplib",
              level: "error",
              data: { method: "POST", url: "https://bank.example", status_code: 504 },
            },
          ],
        },
      },
      { type: "request", data: { method: "POST", url: "https://shop.example/pay", headers: [["Accept", "*/*"]] } },
    ],
    ...change,
  };
}
