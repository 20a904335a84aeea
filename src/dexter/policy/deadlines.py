"""How long something may still take."""

from __future__ import annotations

RESERVE_S = 0.05
"""What is kept back of a caller's time to answer with a stored value instead of with nothing."""


def remaining_s(deadline: float, now: float) -> float:
    """Give the seconds left until a deadline, never less than 0; both in monotonic seconds."""
    return max(0.0, deadline - now)


def patience_s(deadline: float, now: float, *, has_fallback: bool) -> float:
    """Give how long to wait for Sentry: to the deadline, or a little less when there is something else to give."""
    left = remaining_s(deadline, now)
    return max(left - RESERVE_S, left / 2) if has_fallback else left


def attempt_s(limit_s: float, deadline: float, now: float) -> float:
    """Give how long one attempt may take: its own limit, or what is left of the request's time."""
    return min(limit_s, remaining_s(deadline, now))
