"""The circuit breaker: whether Sentry may be asked, judged by how it fared lately.

Closed     ask. After `threshold` failures in a row: Open.
Open       do not ask. After `recovery_s`, the next caller probes: HalfOpen.
HalfOpen   one probe is under way, all others are turned away. It succeeds: Closed. It fails: Open.
           It ends without a word on Sentry (its caller left), or not in its time: the next caller probes.

Every admission gives a ticket, and only the tickets of the present state count: an attempt that was under way when
the breaker opened says nothing new. Times are epoch seconds, which all processes share; a clock that is set back
keeps nobody waiting for longer than twice what the rule says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When a breaker opens and for how long."""

    threshold: int = 5
    """How many failures in a row open it."""
    recovery_s: float = 60.0
    """How long it stays open before a probe."""
    probe_s: float = 15.0
    """How long a probe is waited for: whoever made it may have been killed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Sentry is asked. `failures` came in a row; `era` tells this closing from earlier ones; None: never open."""

    era: int = 0
    failures: int = 0
    last_failure: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Sentry is not asked before `probe_at`; it has been open `since`."""

    era: int
    since: float
    probe_at: float
    last_failure: str


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """One probe is under way since `probed_at`, None when the last one ended without a word."""

    era: int
    since: float
    probed_at: float | None
    last_failure: str


State = Closed | Open | HalfOpen


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to ask once, in the era of the breaker that gave it."""

    era: int


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Sentry is not asked; `probe_at` is the second from which somebody may probe."""

    since: float
    probe_at: float
    last_failure: str


class Word(Enum):
    """What the end of an attempt says about Sentry."""

    WORKS = "works"
    FAILS = "fails"
    NOTHING = "nothing"


def word_of_status(status: int) -> Word:
    """Give what an answer says: a 5xx is a failure, any other is Sentry at work.

    A 429 comes from the limiter before anything is done, and says nothing of what stands behind it.
    """
    if status == 429:
        return Word.NOTHING
    return Word.FAILS if status >= 500 else Word.WORKS


def turned_away(state: State, rule: BreakerRule, now: float) -> TurnedAway | None:
    """Give what is told to whoever wants to ask at the second `now` and may not; None for those who may."""
    match state:
        case Closed():
            return None
        case Open(since=since, probe_at=probe_at, last_failure=failure):
            return TurnedAway(since, probe_at, failure) if 0 < probe_at - now <= 2 * rule.recovery_s else None
        case HalfOpen(since=since, probed_at=probed_at, last_failure=failure):
            if probed_at is None or abs(now - probed_at) >= rule.probe_s:
                return None
            return TurnedAway(since, probed_at + rule.probe_s, failure)
        case _:
            assert_never(state)


def admit(state: State, rule: BreakerRule, now: float) -> tuple[State, Ticket | TurnedAway]:
    """Give the state after somebody wants to ask at the second `now`, and whether they may."""
    away = turned_away(state, rule, now)
    if away is not None:
        return state, away
    if isinstance(state, Closed):
        return state, Ticket(state.era)
    return HalfOpen(state.era + 1, state.since, now, state.last_failure), Ticket(state.era + 1)


def settle(state: State, ticket: Ticket, word: Word, rule: BreakerRule, now: float, failure: str = "") -> State:
    """Give the state after the attempt that a ticket was for has ended; `failure` names what went wrong."""
    if ticket.era != state.era:
        return state
    match state:
        case Closed():
            return _settled_closed(state, word, rule, now, failure)
        case HalfOpen(era=era, since=since):
            if word is Word.NOTHING:
                return replace(state, probed_at=None)
            if word is Word.WORKS:
                return Closed(era + 1, since=now)
            return Open(era + 1, since, now + rule.recovery_s, failure)
        case Open():
            return state
        case _:
            assert_never(state)


def _settled_closed(state: Closed, word: Word, rule: BreakerRule, now: float, failure: str) -> State:
    if word is Word.NOTHING:
        return state
    if word is Word.WORKS:
        return replace(state, failures=0) if state.failures else state
    failures = state.failures + 1
    if failures < rule.threshold:
        return replace(state, failures=failures, last_failure=failure)
    return Open(state.era + 1, now, now + rule.recovery_s, failure)
