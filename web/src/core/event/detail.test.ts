import { describe, expect, it } from "vitest";

import { headline, levelWord, priorityWord, stateWords } from "../issueWords";
import { askAgainMs, isOutdated, readDetail, withPart } from "./detail";
import { randomFrom, rubbish } from "./rubbish.fixture";

describe("readDetail", () => {
  // The header, the facts and the right column are all built from this.
  it("reads the joined answer", () => {
    const detail = readDetail({
      id: "7",
      shortId: "SHOP-1",
      title: "ValueError: no",
      permalink: "https://sentry.example/issues/7/",
      status: "ignored",
      substatus: "archived_until_escalating",
      count: "1200",
      userCount: 3,
      project: { id: "2", slug: "shop", name: "Shop" },
      assignedTo: { type: "team", id: "4", name: "payments" },
      firstRelease: { version: "shop@1.0" },
      lastRelease: null,
      stats: { "24h": [[1_764_000_000, 2], [null, 3], "x"], "30d": [] },
      tags: [{ key: "browser", totalValues: 2, topValues: [{ value: "Chrome", count: 2 }] }],
      seenBy: [{ id: "1", name: "Ada", lastSeen: "2026-11-24T07:00:00Z" }],
      cached_at: "2026-11-24T07:00:00Z",
      parts: {
        tags: { status: "missing", reason: "Sentry took too long", remedy: "Try again" },
        "stats.24h": { status: "stale", cached_at: "2026-11-24T06:00:00Z" },
      },
    });
    expect(detail.issue).toMatchObject({
      shortId: "SHOP-1",
      count: "1200",
      assignedTo: { type: "team", name: "payments" },
    });
    expect(stateWords(detail.issue)).toBe("Archived until it escalates");
    expect(detail).toMatchObject({ firstRelease: "shop@1.0", lastRelease: null, day: [[1_764_000_000, 2]], month: [] });
    expect(detail.part("tags")).toEqual({
      status: "missing",
      cachedAt: null,
      reason: "Sentry took too long",
      remedy: "Try again",
    });
    expect(detail.part("stats.24h")).toMatchObject({ status: "stale", cachedAt: Date.parse("2026-11-24T06:00:00Z") });
    expect(detail.part("activity").status).toBe("ok");
  });

  // A permalink comes from the upstream, which may be anybody's test server.
  it("offers no link to Sentry that is not http", () => {
    expect(readDetail({ permalink: "javascript:alert(1)" }).sentryLink).toBeNull();
  });

  // Words are made from these fields; a missing one must not take the page down.
  it("never throws, and its issue can always be put in words", () => {
    for (let seed = 0; seed < 500; seed += 1) {
      const random = randomFrom(seed);
      const value = {
        ...(rubbish(random) as object),
        metadata: rubbish(random),
        statusDetails: rubbish(random),
        stats: rubbish(random),
        seenBy: rubbish(random),
      };
      const say = () => {
        const { issue } = readDetail(value);
        return [headline(issue), stateWords(issue), levelWord(issue.level), priorityWord(issue.priority)];
      };
      expect(say, `seed ${seed}`).not.toThrow();
    }
  });
});

describe("withPart", () => {
  // Retrying one part must neither blank the others nor leave its old complaint standing.
  it.each([
    ["tags", [{ key: "a" }], { tags: [{ key: "a" }], stats: { "24h": null } }],
    ["stats.24h", [[1, 2]], { tags: null, stats: { "24h": [[1, 2]] } }],
  ] as const)("puts %s in its place", (name, value, expected) => {
    const page = { tags: null, stats: { "24h": null }, parts: { [name]: { status: "missing", reason: "slow" } } };
    const after = withPart(page, name, value, 0);
    expect(after).toMatchObject(expected);
    expect(readDetail(after).part(name)).toEqual({ status: "ok", cachedAt: 0, reason: null, remedy: null });
  });

  it.each([undefined, null, "x"])("leaves %j as it is", (page) => {
    expect(withPart(page, "tags", [], 0)).toBe(page);
  });
});

// The classes of a breaker are for the Gateway screen, and a moment in words is over before it is read.
it("a missing part spoke of breakers: it says in plain words what goes on", () => {
  const reason = "Sentry failed several times in a row at reading events (last: status 503); Dexter leaves that alone and tries again in 57 s.";
  const part = readDetail({ parts: { tags: { status: "missing", reason, remedy: "Wait until the stated moment." } } }).part("tags");
  expect(`${part.reason} ${part.remedy}`).toBe("Sentry keeps failing, so Dexter has stopped asking it for a moment It asks again by itself soon.");
});

describe("askAgainMs", () => {
  // A page that is refreshed behind must not stay old until the reader moves, nor be asked for without end.
  it.each([
    [{ parts: { issue: { status: "ok" }, tags: { status: "stale" } } }, 5000],
    [{ parts: { issue: { status: "stale" }, tags: { status: "stale" } } }, 5000],
    [{ parts: { issue: { status: "stale" }, tags: { status: "ok" } } }, 30_000],
    [{ parts: { issue: { status: "ok" }, tags: { status: "missing" } } }, false],
    [{}, false],
    [null, false],
  ])("%j: %s", (page, expected) => {
    expect(askAgainMs(page)).toBe(expected);
  });
});

describe("isOutdated", () => {
  // A minute-old answer that is being refreshed is everyday; an hour-old one means that Sentry is away.
  it.each([
    ["stale", 14, false],
    ["stale", 16, true],
    ["ok", 16, false],
    ["missing", 16, false],
  ] as const)("%s and %i min old: %s", (status, minutes, expected) => {
    expect(isOutdated({ status, cachedAt: 0, reason: null, remedy: null }, minutes * 60_000)).toBe(expected);
  });
});
