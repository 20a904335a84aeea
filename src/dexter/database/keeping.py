"""How long what is in the database is kept, as settings say it."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class KeepingRule:
    """How many seconds things of each kind live; 0 keeps them for ever."""

    snapshots_s: float = 30 * DAY_S
    audit_s: float = 365 * DAY_S
    jobs_s: float = 90 * DAY_S
    searches_s: float = 90 * DAY_S
    deliveries_s: float = 7 * DAY_S
