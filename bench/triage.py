"""The triage trace of `bench/triage_trace.py`, compressed: through Dexter, and straight at Sentry beside it.

Printed: the share of reads that were answered without waiting for Sentry (`hit`: fresh, or stale with a refresh
behind), calls that reached Sentry, waits in real milliseconds, failures, and the staleness actually seen, in the
trace's seconds. Every answer's statuses, priorities and assignees are compared with a log of all writes:

- `oldest_fresh_s`: the greatest age of an answer that was given as fresh, by its `Age`.
- `overtaken_fresh`: reads given as fresh with a value that a write had replaced before they were asked; must be 0.
- `overtaken_stale`: the same of answers that said of themselves that they were stale, and the worst of them.
- `overtaken_fallback`: the same of those that stood in since Sentry took more than 1.5 s. `fallbacks` counts all of
  these; where there are many, the machine was too slow for the pace, and the ratio suffers from it.
- `own_write_unseen`: reads with a value that the reader's own write had replaced, whatever they said; must be 0.
  Lists straight from Sentry are counted apart, since its search may lag.
- `waits_because`: why the others waited, in the words of `Cache-Status`; `first` when nothing was kept.
- `hit_ratio_warm`: the share from the tenth minute on, when the cache has seen most of what people look at.

Everybody has a session of their own, as at the workbench: people who share a credential are told apart by it.

Compression makes everything relatively long that is not compressed with it. So the gateway's clock, by which answers
age, runs faster by the same factor (see `bench/trace_gateway.py`): five minutes of freshness are five minutes of the
trace. Sentry's latency is compressed as well where ratios are measured, for a write that takes 150 ms would otherwise
keep answers from being stored for three seconds of the trace. Waits are measured apart, with all of the latency and
little compression. `python -m bench.triage --faster 1` takes the whole trace in its own time, with nothing changed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

import aiohttp
import msgspec

from bench.stand import ORGANIZATION, Gateway, Sandbox, request, running_gateway, running_sandbox
from bench.trace_log import Values, WriteLog
from bench.triage_trace import (
    ISSUES,
    LENGTH_S,
    MEMBERS,
    PEOPLE,
    POLL_MAX_STALE_S,
    PRIORITIES,
    STATUSES,
    VIEWS,
    Change,
    Kind,
    Request,
    repeated_share,
    triage_trace,
)
from dexter.policy.link_header import next_cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LATENCY_MS = 150
PAGE = 50
REPLY_LIMIT_S = 60.0
WARM_AT_S = 600.0
NO_ANSWER = 0
"""Counts among the statuses: the connection broke, or nothing came within `REPLY_LIMIT_S`."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Which part of the trace is replayed, how many times as fast, and how slow Sentry is meanwhile."""

    since_s: float
    until_s: float
    factor: float
    latency_ms: float

    def part(self, trace: Sequence[Request]) -> list[Request]:
        """Give the requests of the part, the first one at once."""
        chosen = (request for request in trace if self.since_s <= request.at_s < self.until_s)
        return [replace(request, at_s=request.at_s - self.since_s) for request in chosen]


WHOLE = Pace(0.0, LENGTH_S, 20.0, LATENCY_MS / 20.0)
"""Half an hour in 90 s: for ratios, calls and staleness. Sentry is faster by the factor, too."""
MIDDLE = Pace(600.0, 840.0, 4.0, LATENCY_MS)
"""Four minutes in 60 s, from a cold start: for waits. Sentry is as slow as in life."""


class Assignee(msgspec.Struct):
    """Who an issue is assigned to."""

    type: str
    id: str


class Project(msgspec.Struct):
    """Where an issue is at home."""

    slug: str


class Issue(msgspec.Struct):
    """What the trace writes, as Sentry gives it."""

    id: str
    status: str
    priority: str | None
    project: Project
    assignedTo: Assignee | None = None  # noqa: N815 (Sentry's name)

    @property
    def values(self) -> Values:
        """Give the fields that the trace writes."""
        owner = self.assignedTo
        return self.status, self.priority, None if owner is None else f"{owner.type}:{owner.id}"


class Page(msgspec.Struct):
    """A page of issues, as Dexter gives it."""

    data: list[Issue]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it is sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class Way(Protocol):
    """A way to Sentry: how the trace's requests are asked there, and how its lists read."""

    def credential(self, person: int) -> Mapping[str, str]:
        """Give the headers that say who asks."""

    def ask(self, request: Request, issue: str, values: Mapping[str, str]) -> Ask:
        """Give the request as it is sent; `values` are those that a write sets."""

    def listed(self, body: bytes) -> list[Issue]:
        """Give the issues of a list's body."""


class ThroughDexter:
    """`/api/v1`, everybody signed in with Dexter's own token."""

    def __init__(self, gateway: Gateway) -> None:
        self._sessions = [_signed_in(gateway) for _ in range(PEOPLE)]
        self._base = f"{gateway.url}/api/v1/issues"

    def credential(self, person: int) -> Mapping[str, str]:
        """Give the session's headers."""
        return self._sessions[person]

    def ask(self, request: Request, issue: str, values: Mapping[str, str]) -> Ask:
        """Give the request as the workbench sends it."""
        match request.kind:
            case Kind.LIST | Kind.POLL:
                wanted = f"max-age={request.max_age_s}, max-stale={POLL_MAX_STALE_S}"
                bound = {} if request.max_age_s is None else {"Cache-Control": wanted}
                return Ask("GET", f"{self._base}?{urlencode([*VIEWS[request.target], ('limit', PAGE)])}", bound)
            case Kind.DETAIL:
                return Ask("GET", f"{self._base}/{issue}")
            case Kind.EVENT:
                return Ask("GET", f"{self._base}/{issue}/events/latest")
            case Kind.STATS:
                return Ask("GET", f"{self._base}/{issue}/stats?period=24h")
            case Kind.WRITE:
                return Ask("PUT", f"{self._base}/{issue}", body=values)

    def listed(self, body: bytes) -> list[Issue]:
        """Give the issues of a page."""
        return msgspec.json.decode(body, type=Page).data


class StraightToSentry:
    """`/api/0`, with the owner's token, asking what Dexter asks."""

    _WORDS: Mapping[str, str] = {
        "unresolved": "is:unresolved",
        "for_review": "is:unresolved is:for_review",
        "resolved": "is:resolved",
        "archived": "is:archived",
        "all": "",
    }

    def __init__(self, sandbox: Sandbox) -> None:
        self._credential = {"Authorization": f"Bearer {sandbox.token}"}
        self._base = f"{sandbox.url}/api/0/organizations/{ORGANIZATION}/issues/"

    def ask(self, request: Request, issue: str, values: Mapping[str, str]) -> Ask:
        """Give the request as Sentry wants it."""
        match request.kind:
            case Kind.LIST | Kind.POLL:
                return Ask("GET", f"{self._base}?{urlencode(self._list(dict(VIEWS[request.target])))}")
            case Kind.DETAIL:
                return Ask("GET", f"{self._base}{issue}/")
            case Kind.EVENT:
                return Ask("GET", f"{self._base}{issue}/events/latest/")
            case Kind.STATS:
                until = (int(time.time()) // 3600 + 1) * 3600
                day = {"since": until - 86_400, "until": until, "resolution": "1h"}
                return Ask("GET", f"{self._base}{issue}/stats/?{urlencode(day)}")
            case Kind.WRITE:
                named = {"assignedTo" if name == "assignee" else name: value for name, value in values.items()}
                return Ask("PUT", f"{self._base}{issue}/", body=named)

    def credential(self, person: int) -> Mapping[str, str]:
        """Give the owner's, for everybody."""
        return self._credential

    def _list(self, view: Mapping[str, str]) -> dict[str, str | int]:
        words = f"{self._WORDS[view['status']]} {view.get('query', '')}".strip()
        return {"query": words, "sort": view.get("sort", "date"), "limit": PAGE, "groupStatsPeriod": "14d"}

    def listed(self, body: bytes) -> list[Issue]:
        """Give the issues of a list."""
        return msgspec.json.decode(body, type=list[Issue])


@dataclass(slots=True)
class Seen:
    """What one replay saw. Ages and staleness are in the trace's seconds, waits in real ones."""

    waits_s: dict[Kind, list[float]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    hits: Counter[Kind] = field(default_factory=Counter)
    waits_because: dict[Kind, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in Kind})
    """Why those reads that were no hits had to wait for Sentry, in the words of `Cache-Status`."""
    warm_reads: int = 0
    warm_hits: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    upstream: dict[str, int] = field(default_factory=dict)
    late_s: float = 0.0
    """How far the replay itself ever was behind the trace, in real seconds: above a second, it measured itself."""
    oldest_fresh_s: float = 0.0
    overtaken_fresh: list[float] = field(default_factory=list)
    overtaken_stale: list[float] = field(default_factory=list)
    overtaken_fallback: list[float] = field(default_factory=list)
    fallbacks: int = 0
    own_write_unseen: int = 0
    own_write_unseen_straight: int = 0
    """The same in lists that came straight from Sentry."""
    unknown_values: int = 0
    """Issues with values that nobody ever wrote; must be 0."""

    @property
    def read_waits_s(self) -> list[float]:
        """The waits of all reads."""
        return [wait for kind, waits in self.waits_s.items() if kind is not Kind.WRITE for wait in waits]

    @property
    def hit_ratio(self) -> float:
        """The share of reads that did not wait for Sentry."""
        return self.hits.total() / len(self.read_waits_s)

    @property
    def upstream_calls(self) -> int:
        """How many calls reached Sentry."""
        return sum(self.upstream.values())

    @property
    def failures(self) -> int:
        """How many answers were no success."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)

    def figures(self) -> dict[str, Any]:
        """Give all that is printed, by name."""
        cuts = quantiles(self.read_waits_s, n=100)
        return {
            "requests": sum(len(waits) for waits in self.waits_s.values()),
            "hit_ratio": round(self.hit_ratio, 4),
            "hit_ratio_by_kind": {
                kind.value: round(self.hits[kind] / len(waits), 4)
                for kind, waits in self.waits_s.items()
                if waits and kind is not Kind.WRITE
            },
            "waits_because": {
                kind.value: dict(causes.most_common()) for kind, causes in self.waits_because.items() if causes
            },
            "hit_ratio_warm": round(self.warm_hits / self.warm_reads, 4) if self.warm_reads else None,
            "upstream_calls": self.upstream_calls,
            "read_ms": {name: round(1000 * cuts[cut], 1) for name, cut in (("p50", 49), ("p95", 94), ("p99", 98))},
            "write_p95_ms": round(1000 * quantiles(self.waits_s[Kind.WRITE], n=100)[94], 1),
            "failures": self.failures,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "oldest_fresh_s": round(self.oldest_fresh_s, 1),
            "overtaken_fresh": len(self.overtaken_fresh),
            "overtaken_fresh_worst_s": round(max(self.overtaken_fresh, default=0.0), 2),
            "overtaken_stale": len(self.overtaken_stale),
            "overtaken_stale_worst_s": round(max(self.overtaken_stale, default=0.0), 2),
            "fallbacks": self.fallbacks,
            "overtaken_fallback": len(self.overtaken_fallback),
            "own_write_unseen": self.own_write_unseen,
            "own_write_unseen_straight": self.own_write_unseen_straight,
            "unknown_values": self.unknown_values,
            "replay_late_s": round(self.late_s, 2),
        }


class Replay:
    """One replay of a trace over one way."""

    def __init__(self, way: Way, sandbox: Sandbox, pace: Pace) -> None:
        self._way = way
        self._factor = pace.factor
        self._warm_at_s = WARM_AT_S - pace.since_s
        self._seen = Seen()
        self._log = WriteLog()
        self._issues = _issues(sandbox)
        self._members = {slug: _members(sandbox, slug) for slug in {issue.project.slug for issue in self._issues}}
        self._writing = {issue.id: asyncio.Lock() for issue in self._issues}
        for issue in self._issues:
            self._log.begin(issue.id, issue.values)

    async def run(self, trace: Sequence[Request]) -> Seen:
        """Ask everything at its time and wait for the last answer."""
        limits = aiohttp.ClientTimeout(total=REPLY_LIMIT_S)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=limits
        ) as session:
            self._session, self._began = session, time.perf_counter()
            async with asyncio.TaskGroup() as people:
                for request in trace:
                    await self._until(request.at_s)
                    people.create_task(self._perform(request))
        return self._seen

    def _now_s(self) -> float:
        """Give the trace's second."""
        return (time.perf_counter() - self._began) * self._factor

    async def _until(self, at_s: float) -> None:
        left_s = (at_s - self._now_s()) / self._factor
        if left_s > 0:
            await asyncio.sleep(left_s)
        else:
            self._seen.late_s = max(self._seen.late_s, -left_s)

    async def _perform(self, request: Request) -> None:
        if request.change is not None:
            await self._write(request, request.change)
            return
        issue = self._issues[request.target].id
        asked_at = self._now_s()
        status, headers, body = await self._asked(request, self._way.ask(request, issue, {}))
        if status == 200:
            self._judge(request, asked_at, headers, body)

    async def _write(self, request: Request, change: Change) -> None:
        target = self._issues[request.target]
        issue, value = target.id, self._value(change, target.project.slug)
        async with self._writing[issue]:
            version = self._log.sent(issue, _changed(self._log.present(issue), change.field, value), request.person)
            status, _, _ = await self._asked(request, self._way.ask(request, issue, {change.field: value}))
            if status == 200:
                version.returned_at = self._now_s()
            elif status != NO_ANSWER:
                # Of one without an answer nobody knows what became of it.
                self._log.refused(issue, version)

    def _value(self, change: Change, project: str) -> str:
        match change.field:
            case "assignee":
                members = self._members[project]
                return f"user:{members[change.choice % len(members)]}"
            case "priority":
                return PRIORITIES[change.choice]
            case _:
                return STATUSES[change.choice]

    async def _asked(self, request: Request, ask: Ask) -> tuple[int, Mapping[str, str], bytes]:
        began = time.perf_counter()
        headers = {**self._way.credential(request.person), **ask.headers}
        try:
            async with self._session.request(ask.method, ask.url, headers=headers, json=ask.body) as reply:
                status, told, body = reply.status, reply.headers, await reply.read()
        except (aiohttp.ClientError, TimeoutError):
            status, told, body = NO_ANSWER, {}, b""
        self._seen.waits_s[request.kind].append(time.perf_counter() - began)
        self._seen.statuses[status] += 1
        return status, told, body

    def _judge(self, request: Request, asked_at: float, headers: Mapping[str, str], body: bytes) -> None:
        told = headers.get("Cache-Status", "")
        is_fallback = "detail=fallback" in told
        is_stale = "detail=stale" in told or is_fallback
        is_hit = "hit" in told and not is_fallback
        self._seen.hits[request.kind] += is_hit
        if not is_hit:
            self._seen.waits_because[request.kind][_cause(told)] += 1
        if request.at_s >= self._warm_at_s:
            self._seen.warm_reads += 1
            self._seen.warm_hits += is_hit
        if not is_stale:
            self._seen.oldest_fresh_s = max(self._seen.oldest_fresh_s, float(headers.get("Age", 0)))
        self._seen.fallbacks += is_fallback
        overtaken = self._seen.overtaken_stale if is_stale else self._seen.overtaken_fresh
        if is_fallback:
            overtaken = self._seen.overtaken_fallback
        shown = self._shown(request, body)
        ages = [self._log.staleness_s(issue.id, issue.values, asked_at) for issue in shown]
        self._seen.unknown_values += ages.count(None)
        unseen = any(self._log.hides_own(issue.id, issue.values, asked_at, request.person) for issue in shown)
        if unseen and not is_hit and request.kind in (Kind.LIST, Kind.POLL):
            self._seen.own_write_unseen_straight += 1
        else:
            self._seen.own_write_unseen += unseen
        worst = max((age for age in ages if age is not None), default=0.0)
        if worst > 0:
            overtaken.append(worst)

    def _shown(self, request: Request, body: bytes) -> list[Issue]:
        """Give the issues of an answer, as far as the log knows them."""
        match request.kind:
            case Kind.LIST | Kind.POLL:
                return [issue for issue in self._way.listed(body) if issue.id in self._writing]
            case Kind.DETAIL:
                return [msgspec.json.decode(body, type=Issue)]
            case _:
                return []


def _cause(told: str) -> str:
    """Give why a read waited, by its `Cache-Status`; `first` when nothing was kept."""
    return told.partition("detail=")[2] or ("first" if told else "no cache")


def _signed_in(gateway: Gateway) -> Mapping[str, str]:
    """Give the headers of a new session."""
    opened = request("POST", f"{gateway.url}/api/v1/session", body={"token": gateway.token})
    cookie = opened.headers["set-cookie"].partition(";")[0]
    return {"Cookie": cookie, "X-CSRF-Token": opened.json()["csrf_token"]}


def _changed(values: Values, name: str, value: str) -> Values:
    status, priority, owner = values
    match name:
        case "assignee":
            return status, priority, value
        case "priority":
            return status, value, owner
        case _:
            return value, priority, owner


def _issues(sandbox: Sandbox) -> list[Issue]:
    """Give the issues by their rank."""
    found: list[Issue] = []
    cursor: str | None = ""
    while len(found) < ISSUES and cursor is not None:
        page = sandbox.api("GET", f"/api/0/organizations/{ORGANIZATION}/issues/?query=&limit=100&cursor={cursor}")
        found += msgspec.json.decode(page.body, type=list[Issue])
        cursor = next_cursor(page.headers["link"])
    return found


def _members(sandbox: Sandbox, project: str) -> list[str]:
    """Give the users that a project's issues can be assigned to."""
    members = sandbox.api("GET", f"/api/0/projects/{ORGANIZATION}/{project}/members/").json()
    return [member["user"]["id"] for member in members if member["user"]][:MEMBERS]


def replay_through_dexter(trace: Sequence[Request], pace: Pace) -> Seen:
    """Replay it through a gateway that starts cold."""
    program = ("bench.trace_gateway", str(pace.factor))
    with (
        running_sandbox(issues=500) as sandbox,
        running_gateway(sandbox.url, sandbox.token, program=program) as gateway,
    ):
        return _replayed(ThroughDexter(gateway), sandbox, trace, pace)


def replay_straight(trace: Sequence[Request], pace: Pace) -> Seen:
    """Replay it at the sandbox."""
    with running_sandbox(issues=500) as sandbox:
        return _replayed(StraightToSentry(sandbox), sandbox, trace, pace)


def _replayed(way: Way, sandbox: Sandbox, trace: Sequence[Request], pace: Pace) -> Seen:
    replay = Replay(way, sandbox, pace)
    sandbox.faults(latency_ms=pace.latency_ms)
    sandbox.forget_calls()
    seen = asyncio.run(replay.run(pace.part(trace)))
    seen.upstream = sandbox.calls()
    return seen


RUNS = (
    ("the whole of it, through Dexter", replay_through_dexter, WHOLE),
    ("four minutes, through Dexter", replay_through_dexter, MIDDLE),
    ("four minutes, straight to Sentry", replay_straight, MIDDLE),
)


def main() -> dict[str, Any]:
    """Print all runs, and give their figures."""
    trace = triage_trace()
    print(f"{len(trace)} requests in {LENGTH_S / 60:.0f} minutes, Sentry's latency {LATENCY_MS} ms")
    print(f"{repeated_share(trace):.3f} of the reads ask what was asked before; the others are first looks")
    return {name: _run(name, run, trace, pace) for name, run, pace in RUNS}


def _run(
    name: str, run: Callable[[Sequence[Request], Pace], Seen], trace: Sequence[Request], pace: Pace
) -> dict[str, Any]:
    figures = run(trace, pace).figures()
    print(f"\n{name}, {pace.factor:g} times as fast")
    for figure, value in figures.items():
        print(f"  {figure:<26}{value}")
    sys.stdout.flush()
    return figures


def alone() -> None:
    """Take one run as asked for: `python -m bench.triage --faster 1` takes the half hour that the trace lasts."""
    parser = argparse.ArgumentParser(prog="python -m bench.triage", description=__doc__)
    parser.add_argument("--faster", type=float, default=WHOLE.factor, metavar="N", help="N times as fast; 1 is in life")
    parser.add_argument("--minutes", type=float, default=LENGTH_S / 60, help="so many of the trace's, from its start")
    parser.add_argument("--latency-ms", type=float, help=f"Sentry's; by default {LATENCY_MS} ms, as much faster")
    parser.add_argument("--straight", action="store_true", help="straight to Sentry, without Dexter")
    asked = parser.parse_args()
    latency_ms = LATENCY_MS / asked.faster if asked.latency_ms is None else asked.latency_ms
    run = replay_straight if asked.straight else replay_through_dexter
    name = "straight to Sentry" if asked.straight else "through Dexter"
    _run(
        f"{asked.minutes:g} minutes, {name}",
        run,
        triage_trace(),
        Pace(0.0, asked.minutes * 60, asked.faster, latency_ms),
    )


if __name__ == "__main__":
    alone()
