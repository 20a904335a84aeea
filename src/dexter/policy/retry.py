"""Whether and when a call is sent to Sentry again: reads only, with full jitter, within the caller's time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.errors import TimedOut, Unreachable
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.wire import Call, Headers

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS"})

REPEAT_S = 10.0
"""A caller who asks the same again within this time after a failure is retrying by itself."""

_PASSING_STATUSES = frozenset({502, 503, 504})

_ATTEMPT_COUNTS = frozenset({"x-retry-count", "x-retry-attempt", "retry-attempt", "x-stainless-retry-count"})
"""Headers in which clients that retry say how often they have done so."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often and how patiently. The n-th pause is drawn from 0 to `base_s` times 2 to the n, at most `cap_s`."""

    attempts: int = 3
    """How often a call is sent at most; 1 means never again."""
    base_s: float = 0.1
    cap_s: float = 2.0
    least_s: float = 0.25
    """How much of the caller's time must be left for another attempt to make sense."""


def may_repeat(call: Call) -> bool:
    """Whether a call can be sent twice without being done twice. A write's outcome is unknown once it was sent."""
    return call.method in IDEMPOTENT and call.body is None


def retries_itself(headers: Headers) -> bool:
    """Whether a client says that this request is a repetition of its own, which must not be multiplied by ours."""
    return any(name.lower() in _ATTEMPT_COUNTS and value.strip() not in ("", "0") for name, value in headers)


def passing_failure(outcome: BaseException | int) -> str | None:
    """Give the name of a failure that may pass by itself: no connection, no answer in time, 502, 503, 504."""
    if isinstance(outcome, int):
        return f"status {outcome}" if outcome in _PASSING_STATUSES else None
    return type(outcome).__name__ if isinstance(outcome, Unreachable | TimedOut) else None


def pause_s(rule: RetryRule, sent: int, chance: float, asked_s: float | None, left_s: float) -> float | None:
    """Give the seconds to wait before the next attempt, or None when there is to be none.

    `sent` attempts were made; `chance` is drawn from 0 to 1; `asked_s` is Sentry's own Retry-After; `left_s` is what
    is left of the caller's time.
    """
    if sent >= rule.attempts:
        return None
    drawn = chance * min(rule.cap_s, rule.base_s * 2**sent)
    pause = max(drawn, asked_s or 0.0)
    return pause if pause + rule.least_s <= left_s else None


def retry_after_s(headers: Headers) -> float | None:
    """Give the seconds of a Retry-After header; None without one, or for a date."""
    value = (header(headers, "retry-after") or "").strip()
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d+)?", value) else None
