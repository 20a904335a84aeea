"""How far Sentry's clock is from ours, learned from what its answers say of the time.

It answers between our sending and our receiving. A `Date` says a second that had begun then, though servers that keep
the header for a while may be late with it; and a window's reset says a moment that was yet to come, by no more than
the window's length. So each answer bounds the difference, and a few answers together bound it narrowly.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import inf

SLACK_S = 0.02
"""How far the clocks of one installation may be apart from each other."""

DATE_LATE_S = 1.0
"""How late a `Date` may be: some servers write a new one every second only."""


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Sentry's epoch seconds minus ours lie between `low_s` and `high_s`."""

    low_s: float = 0.0
    high_s: float = 0.0
    known: bool = False
    """Whether any answer has said anything; until then both clocks are taken to agree."""

    @property
    def doubt_s(self) -> float:
        """How much is unknown."""
        return self.high_s - self.low_s


@dataclass(frozen=True, slots=True)
class Saying:
    """What one answer says of Sentry's clock, in epoch seconds of its own; what it does not say is None."""

    date: float | None = None
    reset: float | None = None
    window_s: float | None = None
    """How long the window is that ends at `reset`, where that is sure."""


def narrowed(offset: ClockOffset, said: Saying, sent_at: float, received_at: float) -> ClockOffset:
    """Give what is known after one more answer; it was asked for and received at epoch seconds of ours.

    A contradiction means that a clock was set, and only the newest answer counts.
    """
    low = max(_low_by_date(said, received_at), _low_by_window(said, received_at)) - SLACK_S
    high = min(_high_by_date(said, sent_at), _high_by_reset(said, sent_at)) + SLACK_S
    if low == -inf or high == inf:
        return offset
    newest = ClockOffset(low, high, known=True)
    if not offset.known:
        return newest
    both = ClockOffset(max(low, offset.low_s), min(high, offset.high_s), known=True)
    return both if both.low_s <= both.high_s else newest


def _low_by_date(said: Saying, received_at: float) -> float:
    return -inf if said.date is None else said.date - received_at


def _low_by_window(said: Saying, received_at: float) -> float:
    return -inf if said.reset is None or said.window_s is None else said.reset - said.window_s - received_at


def _high_by_date(said: Saying, sent_at: float) -> float:
    return inf if said.date is None else said.date + 1.0 + DATE_LATE_S - sent_at


def _high_by_reset(said: Saying, sent_at: float) -> float:
    return inf if said.reset is None else said.reset - sent_at


def date_epoch(value: str | None) -> float | None:
    """Give the epoch second of a `Date` header, or None for one that is missing or malformed."""
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
