"""How often an issue happened over a period: which series to ask Sentry for, so that many askers share one answer."""

from __future__ import annotations

from dataclasses import dataclass

PERIODS_S = {"1h": 3600, "24h": 86_400, "7d": 7 * 86_400, "14d": 14 * 86_400, "30d": 30 * 86_400, "90d": 90 * 86_400}


@dataclass(frozen=True, slots=True)
class Series:
    """A series of counts: from and to in epoch seconds, and the width of a step as Sentry names it."""

    since: int
    until: int
    resolution: str

    def query(self) -> tuple[tuple[str, str], ...]:
        """Give it as Sentry's query."""
        return (("since", str(self.since)), ("until", str(self.until)), ("resolution", self.resolution))


_RESOLUTIONS = {"1h": ("10s", 60), "24h": ("1h", 3600), "7d": ("1h", 3600)}


def series(period: str, now: float) -> Series:
    """Give the series for a period that ends now.

    Its ends are whole steps: two askers within one step ask the same question and share its answer.
    """
    resolution, step = _RESOLUTIONS.get(period, ("1d", 86_400))
    until = (int(now) // step + 1) * step
    return Series(until - PERIODS_S[period], until, resolution)
