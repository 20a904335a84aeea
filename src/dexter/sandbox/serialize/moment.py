"""Times as Sentry writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(epoch: float) -> str:
    """Give an epoch second as `2026-08-16T12:00:00.123456Z`; the fraction is left out where it is zero."""
    return datetime.fromtimestamp(epoch, UTC).replace(tzinfo=None).isoformat() + "Z"


def iso_or_none(epoch: float | None) -> str | None:
    """Give an epoch second as Sentry writes it, or None for none."""
    return None if epoch is None else iso(epoch)
