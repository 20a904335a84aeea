"""What becomes of an event that is forwarded: after each attempt, after many in vain, and when a receiver is gone.

An attempt succeeds with a status of 2xx and nothing else. What fails is tried again, ever more seldom, until it is
given up. When several attempts in a row fail it is the receiver that is down: then one delivery at a time tries
whether it is back, and the others wait without using up their attempts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

GONE = 410
"""A receiver that answers so wants nothing more, ever."""
FACTOR = 3.0
LONGEST_PAUSE_S = 1800.0
LONGEST_ASKED_S = 3600.0
"""How long a receiver may ask to be left alone at most."""
SPREAD = 0.2
"""By which part of itself a pause may be shorter or longer, so that what failed together does not come together."""
PATIENCE = 3
"""So many failures in a row are the receiver's, not the event's."""
LONGEST_HOLD_S = 60.0
EXCERPT_CHARS = 200
"""How much of what a receiver answers is kept, where it is no success."""

_UNSEEN = re.compile(r"[^\x20-\x7e\xa1-\ud7ff\ue000-\ufffd]+")


class State(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Health(StrEnum):
    """How a subscription does."""

    OK = "ok"
    FAILING = "failing"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often an event is sent at most, and how long after the first failure it is sent again."""

    attempts: int = 8
    first_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Answered:
    """A receiver's answer to one attempt."""

    status: int
    retry_after: str | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why there was no answer: no connection, no permission to connect, no time left."""

    why: str


Outcome = Answered | Unanswered


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt makes of a delivery. `again_s` is the pause before the next one, where it is still pending."""

    state: State
    again_s: float = 0.0
    status: int | None = None
    error: str | None = None
    pauses: str | None = None
    """Why the whole subscription stops."""
    hold_s: float = 0.0
    """How long the receiver is left alone, also by all that comes after."""

    @property
    def counts(self) -> bool:
        """Whether it used up one of the delivery's attempts."""
        return self.pauses is None


def judge(outcome: Outcome, attempts: int, failures: int, rule: RetryRule, now: float, chance: float) -> Verdict:
    """Give what is to be done after an attempt.

    `attempts` counts those that the delivery has had, with this one; `failures` how many in a row had failed before, of
    the subscription; `chance` is drawn from 0 to 1.
    """
    status = outcome.status if isinstance(outcome, Answered) else None
    if status is not None and 200 <= status < 300:
        return Verdict(State.DELIVERED, status=status)
    error = told(outcome)
    if status == GONE:
        why = "The receiver answered 410 Gone: it wants nothing more."
        return Verdict(State.PENDING, status=status, error=error, pauses=why)
    asked_s = asked_pause_s(outcome.retry_after, now) if isinstance(outcome, Answered) else 0.0
    hold = max(hold_s(failures + 1, rule), asked_s)
    if attempts >= rule.attempts:
        given_up = f"{error} Given up after {attempts} attempt{'s' * (attempts != 1)}."
        return Verdict(State.DEAD, status=status, error=given_up, hold_s=hold)
    return Verdict(State.PENDING, max(pause_s(attempts, rule, chance), asked_s), status, error, hold_s=hold)


def pause_s(attempts: int, rule: RetryRule, chance: float) -> float:
    """Give how long to wait after so many attempts in vain."""
    pause = min(LONGEST_PAUSE_S, rule.first_s * FACTOR ** min(attempts - 1, 20))
    return pause * (1 + SPREAD * (2 * chance - 1))


def hold_s(failures: int, rule: RetryRule) -> float:
    """Give how long a receiver is left alone after so many failures in a row, of whichever deliveries."""
    if failures < PATIENCE:
        return 0.0
    return min(LONGEST_HOLD_S, rule.first_s * 2.0 ** min(failures - PATIENCE, 20))


def asked_pause_s(retry_after: str | None, now: float) -> float:
    """Give how long a receiver asks to be left alone, in seconds or until a date; 0 where it does not say."""
    if retry_after is None:
        return 0.0
    text = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), LONGEST_ASKED_S)
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return 0.0
    return min(max(0.0, until - now), LONGEST_ASKED_S)


def told(outcome: Outcome) -> str:
    """Give a failure in a sentence, with the beginning of what the receiver said."""
    if isinstance(outcome, Unanswered):
        return outcome.why
    if 300 <= outcome.status < 400:
        return f"The receiver answered {outcome.status}, a redirect, which is not followed."
    said = _UNSEEN.sub(" ", outcome.excerpt).strip()[:EXCERPT_CHARS]
    return f"The receiver answered {outcome.status}{f': {said}' if said else '.'}"


def health(*, active: bool, paused: str | None, failures: int) -> Health:
    """Give how a subscription does."""
    if not active or paused is not None:
        return Health.PAUSED
    return Health.FAILING if failures >= PATIENCE else Health.OK


def room(pending: int, most: int, page: int) -> int:
    """Give how much more of the log may be read. While that is nothing the log itself keeps what comes."""
    return max(0, min(page, most - pending))


def slots(failures: int, at_once: int) -> int:
    """Give how many attempts may be under way: one while the receiver seems to be down."""
    return 1 if failures >= PATIENCE else at_once


def wants_type(types: tuple[str, ...], event_type: str) -> bool:
    """Whether an event's type is among those that are wanted, or begins with one; without any, all are."""
    return not types or any(event_type == each or event_type.startswith(f"{each}.") for each in types)
