"""How long something may still take."""

from __future__ import annotations

RESERVE_S = 0.05
"""What is kept back of a caller's time to answer with a stored value instead of with nothing."""


def remaining_s(deadline: float, now: float) -> float:
    """Give the seconds left until a deadline, never less than 0; both in monotonic seconds."""
    return max(0.0, deadline - now)


def patience_s(deadline: float, now: float, limit_s: float | None) -> float:
    """Give how long to wait for Sentry when there is something else to give: less than to the deadline, or a limit."""
    left = remaining_s(deadline, now)
    patience = max(left - RESERVE_S, left / 2)
    return patience if limit_s is None else min(limit_s, patience)


def attempt_s(limit_s: float, deadline: float, now: float) -> float:
    """Give how long one attempt may take: its own limit, or what is left of the request's time."""
    return min(limit_s, remaining_s(deadline, now))
