"""A morning of triage as a list of requests: pure, the same for the same seed.

50 people for 30 minutes. Everybody arrives within the first two minutes and opens a view of the issue stream, whose
tab then asks for the head of the list every 30 s, as the workbench does: it takes an answer that is up to 20 s old,
and one that is up to 60 s older as stale, for which Sentry is asked behind (`max-stale`).
Between thoughts of 25 s on average people open another view (3 times in 10) or an issue (7 in 10). An open issue is
three reads at once: the issue, its latest event, its counts of a day. About one in six is then changed, after it was
read for some seconds: assigned (half), given another priority (a quarter), resolved or opened again (a quarter).
Writes are 3 % of all requests that way. Views and issues are chosen by Zipf's law: many look at the same few, and
everybody at something that few others do.

The trace is open: a slow server does not slow the people down, so that it cannot hide its slowness.
"""

from __future__ import annotations

import random
from bisect import bisect
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 42
PEOPLE = 50
LENGTH_S = 30 * 60.0
ARRIVAL_S = 120.0
THOUGHT_S = 25.0
READING_S = (4.0, 16.0)
POLL_EVERY_S = 30.0
POLL_MAX_AGE_S = 20
POLL_MAX_STALE_S = 60
VIEW_SHARE = 0.3
WRITE_SHARE_OF_OPENED = 0.16
ISSUES = 200
ZIPF_EXPONENT = 1.1
MEMBERS = 8

VIEWS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("status", "unresolved"), ("sort", "date")),
    (("status", "unresolved"), ("sort", "new")),
    (("status", "for_review"), ("sort", "date")),
    (("status", "unresolved"), ("sort", "freq")),
    (("status", "unresolved"), ("query", "level:error")),
    (("status", "unresolved"), ("sort", "user")),
    (("status", "unresolved"), ("query", "is:unassigned")),
    (("status", "unresolved"), ("period", "24h")),
    (("status", "all"), ("sort", "date")),
    (("status", "resolved"), ("sort", "date")),
    (("status", "unresolved"), ("query", "level:fatal")),
    (("status", "archived"), ("sort", "date")),
)
"""What the views ask `/api/v1/issues`, the most used first."""

PRIORITIES = ("high", "medium", "low")
STATUSES = ("unresolved", "resolved")


class Kind(StrEnum):
    """What a request is for."""

    LIST = "list"
    POLL = "poll"
    DETAIL = "detail"
    EVENT = "event"
    STATS = "stats"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Change:
    """What a write sets: an `assignee` from the members, a `priority` or a `status`, each by its number."""

    field: str
    choice: int


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `target` is the number of a view for lists and polls, and an issue's rank for the others."""

    at_s: float
    person: int
    kind: Kind
    target: int
    max_age_s: int | None = None
    change: Change | None = None


def triage_trace(seed: int = SEED, people: int = PEOPLE, length_s: float = LENGTH_S) -> list[Request]:
    """Give the trace in the order of time."""
    asked = [request for person in range(people) for request in _morning(seed, person, length_s)]
    asked.sort(key=lambda request: request.at_s)
    return list(_with_changes(asked, random.Random(f"{seed}/changes")))


def repeated_share(trace: list[Request]) -> float:
    """Give the share of reads that ask what somebody has asked before: the most that a cold cache can answer."""
    reads = [request for request in trace if request.kind is not Kind.WRITE]
    asked = {(Kind.LIST if request.kind is Kind.POLL else request.kind, request.target) for request in reads}
    return 1 - len(asked) / len(reads)


def zipf_weights(count: int) -> list[float]:
    """Give the cumulative weights of `count` ranks, the last one being 1."""
    weights = [1 / rank**ZIPF_EXPONENT for rank in range(1, count + 1)]
    total = sum(weights)
    return [weight / total for weight in accumulate(weights)]


_VIEW_WEIGHTS = zipf_weights(len(VIEWS))
_ISSUE_WEIGHTS = zipf_weights(ISSUES)


def _morning(seed: int, person: int, length_s: float) -> list[Request]:
    """Give what one person asks, not in order."""
    chance = random.Random(f"{seed}/{person}")
    now = chance.uniform(0, ARRIVAL_S)
    asked: list[Request] = []
    shown = [(now, _drawn(chance, _VIEW_WEIGHTS))]
    while now < length_s:
        if chance.random() < VIEW_SHARE:
            shown.append((now, _drawn(chance, _VIEW_WEIGHTS)))
        else:
            issue, reading_s = _drawn(chance, _ISSUE_WEIGHTS), chance.uniform(*READING_S)
            asked += (Request(now, person, kind, issue) for kind in (Kind.DETAIL, Kind.EVENT, Kind.STATS))
            now += reading_s
            if chance.random() < WRITE_SHARE_OF_OPENED:
                asked.append(Request(now, person, Kind.WRITE, issue))
        now += chance.expovariate(1 / THOUGHT_S)
    asked += _tab(person, shown, length_s)
    return [request for request in asked if request.at_s < length_s]


def _tab(person: int, shown: list[tuple[float, int]], length_s: float) -> Iterator[Request]:
    """Give a tab's requests: a list when a view is opened, then polls until it gives way to the next."""
    ends = [since for since, _ in shown[1:]] + [length_s]
    for (since, view), until in zip(shown, ends, strict=True):
        yield Request(since, person, Kind.LIST, view)
        polls = int((until - since) / POLL_EVERY_S)
        for number in range(1, polls + 1):
            yield Request(since + number * POLL_EVERY_S, person, Kind.POLL, view, max_age_s=POLL_MAX_AGE_S)


def _with_changes(asked: list[Request], chance: random.Random) -> Iterator[Request]:
    """Say what each write sets, so that every one of them changes something that a reader can see."""
    present: dict[tuple[int, str], int] = {}
    for request in asked:
        if request.kind is not Kind.WRITE:
            yield request
            continue
        field, choices = chance.choices(_FIELDS, (2, 1, 1))[0]
        before = present.get((request.target, field))
        choice = chance.choice([number for number in range(choices) if number != before])
        if field == "status":
            choice = STATUSES.index("resolved") if before is None else 1 - before
        present[request.target, field] = choice
        yield replace(request, change=Change(field, choice))


_FIELDS = (("assignee", MEMBERS), ("priority", len(PRIORITIES)), ("status", len(STATUSES)))


def _drawn(chance: random.Random, weights: list[float]) -> int:
    return bisect(weights, chance.random())
