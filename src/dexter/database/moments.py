"""Moments between clocks, which count seconds, and rows and answers, which do not. Imports nothing heavy."""

from __future__ import annotations

from datetime import UTC, datetime


def at(epoch_s: float) -> datetime:
    """Give the moment of a clock's reading."""
    return datetime.fromtimestamp(epoch_s, UTC)


def written(moment: datetime | None) -> str | None:
    """Give a moment as answers spell it, or None."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
