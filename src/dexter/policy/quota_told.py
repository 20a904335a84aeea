"""What Sentry says about its limits: in the headers of every answer, and in the bodies of its refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.policy.retry import retry_after_s

if TYPE_CHECKING:
    from dexter.wire import Headers

LONGEST_WINDOW_S = 24 * 3600

_PREFIX = "x-sentry-rate-limit-"
_TOO_OFTEN = re.compile(r"limit is (\d{1,9}) requests? in (\d{1,9}) seconds?", re.IGNORECASE)
_TOO_MANY = re.compile(r"concurrency limit is (\d{1,9})", re.IGNORECASE)
_OVERLOADED = re.compile(r"smaller date range|fewer projects", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """The headers of one answer; what was not told is None. `reset_epoch` is by Sentry's clock."""

    limit: int | None = None
    remaining: int | None = None
    reset_epoch: float | None = None
    concurrent_limit: int | None = None
    concurrent_remaining: int | None = None


@dataclass(frozen=True, slots=True)
class TooOften:
    """Refused by the limiter: so many requests in so many seconds, None where it did not say in how many."""

    limit: int
    window_s: float | None


@dataclass(frozen=True, slots=True)
class TooManyAtOnce:
    """Refused by the limiter: so many at the same time."""

    limit: int


@dataclass(frozen=True, slots=True)
class Overloaded:
    """Refused by the storage behind the endpoint, after the work had begun: this question is too much just now."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class AskedToWait:
    """Refused by whatever stands in front, with a Retry-After and no other reason."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Refused without a word on when it is going to be better."""


Refusal = TooOften | TooManyAtOnce | Overloaded | AskedToWait | Unexplained


def told(headers: Headers) -> Told | None:
    """Give what an answer's headers say of the limits, or None when they say nothing, as a self-hosted Sentry's."""
    said = {name.lower()[len(_PREFIX) :]: value.strip() for name, value in headers if name.lower().startswith(_PREFIX)}
    if not said:
        return None
    # A limit of nothing would mean that nobody is ever let in; such a header is a mistake and says nothing.
    return Told(
        limit=_count(said.get("limit")) or None,
        remaining=_count(said.get("remaining")),
        reset_epoch=_moment(said.get("reset")),
        concurrent_limit=_count(said.get("concurrentlimit")) or None,
        concurrent_remaining=_count(said.get("concurrentremaining")),
    )


def refusal(headers: Headers, body: bytes) -> Refusal:
    """Give what a 429 means. The body may be a JSON object, a bare JSON string or plain text, of any declared type."""
    text = body.decode("utf-8", "replace")
    asked_s = retry_after_s(headers)
    if (match := _TOO_OFTEN.search(text)) and int(match[1]) and 0 < int(match[2]) <= LONGEST_WINDOW_S:
        return TooOften(int(match[1]), float(match[2]))
    if (match := _TOO_MANY.search(text)) and int(match[1]):
        return TooManyAtOnce(int(match[1]))
    if _OVERLOADED.search(text):
        return Overloaded(1.0 if asked_s is None else asked_s)
    said = told(headers)
    if said is not None and said.remaining == 0 and said.limit is not None:
        return TooOften(said.limit, None)
    return Unexplained() if asked_s is None else AskedToWait(asked_s)


def done_nothing(why: Refusal) -> bool:
    """Whether a refusal proves that nothing was done, so that even a write may be sent again."""
    return isinstance(why, TooOften | TooManyAtOnce)


def _count(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"\d{1,9}", value) else None


def _moment(value: str | None) -> float | None:
    return float(value) if value is not None and re.fullmatch(r"\d{1,12}(\.\d+)?", value) else None
