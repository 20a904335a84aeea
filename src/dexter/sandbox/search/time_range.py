"""The stretch of time a request asks about: `statsPeriod`, or `start` and `end`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR_S = 3600
DAY_S = 24 * HOUR_S
RETENTION_S = 90 * DAY_S
"""How far back Sentry looks when a request names no time."""

_UNITS_S = {"s": 1, "m": 60, "h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}
_PERIOD = re.compile(r"(\d{1,6})([smhdw])")


class InvalidTime(Exception):
    """A time parameter is not of its permitted form; `str()` is Sentry's `detail`."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `start` to `end` in epoch seconds; `asked` tells whether the request named it."""

    start: float
    end: float
    asked: bool = True

    @property
    def is_open(self) -> bool:
        """The range ends now, because nothing says otherwise."""
        return self.end == float("inf")


ANY_TIME = TimeRange(0.0, float("inf"), asked=False)
"""No bounds at all."""


def parse_duration(text: str) -> float | None:
    """Give the seconds of `24h`, `14d`, `30m`, or None for what is no duration."""
    match = _PERIOD.fullmatch(text)
    return None if match is None else int(match[1]) * _UNITS_S[match[2]]


def parse_moment(text: str) -> float | None:
    """Give the epoch second of an ISO 8601 time (UTC unless it says otherwise) or of epoch seconds."""
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
            return float(text)
        moment = datetime.fromisoformat(text.replace(" ", "+") if re.search(r" \d\d:\d\d$", text[10:]) else text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def time_range(query: Mapping[str, str], now: float, default_s: float | None = RETENTION_S) -> TimeRange:
    """Give the range a query string asks for; without one, the `default_s` seconds until now.

    Raises InvalidTime where Sentry answers 400.
    """
    period = query.get("statsPeriod")
    if period:
        length = parse_duration(period)
        if length is None:
            raise InvalidTime(f"Invalid statsPeriod: {period!r}")
        return TimeRange(now - length, float("inf"))
    start, end = query.get("start"), query.get("end")
    if start or end:
        return _between(start, end)
    return TimeRange(0.0 if default_s is None else now - default_s, float("inf"), asked=False)


def _between(start: str | None, end: str | None) -> TimeRange:
    if not (start and end):
        raise InvalidTime("start and end are both required")
    moments = []
    for text in (start, end):
        moment = parse_moment(text)
        if moment is None:
            raise InvalidTime(f"{text} is not a valid ISO8601 date query")
        moments.append(moment)
    if moments[0] >= moments[1]:
        raise InvalidTime("start must be before end")
    return TimeRange(moments[0], moments[1])
