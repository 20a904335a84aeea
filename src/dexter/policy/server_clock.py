"""How far Sentry's clock is from ours, learned from the `Date` of its answers.

A date says the whole second in which Sentry answered, and it answered between our sending and our receiving. So each
answer bounds the difference from both sides, and a few answers together bound it narrowly.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime


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


def narrowed(offset: ClockOffset, date: float, sent_at: float, received_at: float) -> ClockOffset:
    """Give what is known after one more answer; times are epoch seconds, `date` Sentry's and the others ours.

    A contradiction means that a clock was set, and only the newest answer counts.
    """
    low, high = date - received_at, date + 1.0 - sent_at
    if not offset.known:
        return ClockOffset(low, high, known=True)
    both = ClockOffset(max(low, offset.low_s), min(high, offset.high_s), known=True)
    return both if both.low_s <= both.high_s else ClockOffset(low, high, known=True)


def date_epoch(value: str | None) -> float | None:
    """Give the epoch second of a `Date` header, or None for one that is missing or malformed."""
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
