"""The circuit breaker: whether Sentry may be asked, judged by how it fared lately.

Closed     ask. After `threshold` failures in a row: Open.
Open       do not ask. After `recovery_s`, the next caller probes: HalfOpen.
HalfOpen   one probe is under way, all others are turned away. It succeeds: Closed. It fails: Open.
           It ends without a word on Sentry (its caller left): the next caller probes.

Every admission gives a ticket, and only the tickets of the present state count: an attempt that was under way when
the breaker opened says nothing new.
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


@dataclass(frozen=True, slots=True)
class Closed:
    """Sentry is asked. `failures` came in a row; `era` tells this closing from earlier ones."""

    era: int = 0
    failures: int = 0
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """Sentry is not asked before the monotonic second `probe_at`; it has been open `since`."""

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
    """Sentry is not asked; `probe_at` is the monotonic second from which somebody may probe."""

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


def admit(state: State, rule: BreakerRule, now: float) -> tuple[State, Ticket | TurnedAway]:
    """Give the state after somebody wants to ask at the monotonic second `now`, and whether they may."""
    match state:
        case Closed(era=era):
            return state, Ticket(era)
        case Open(era=era, since=since, probe_at=probe_at, last_failure=failure):
            if now < probe_at:
                return state, TurnedAway(since, probe_at, failure)
            return HalfOpen(era + 1, since, now, failure), Ticket(era + 1)
        case HalfOpen(era=era, since=since, probed_at=probed_at, last_failure=failure):
            # A probe that has gone on for as long as a whole recovery is not waited for: an upload may take hours.
            if probed_at is not None and now < probed_at + rule.recovery_s:
                return state, TurnedAway(since, probed_at + rule.recovery_s, failure)
            return HalfOpen(era + 1, since, now, failure), Ticket(era + 1)
        case _:
            assert_never(state)


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
                return Closed(era + 1)
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
