"""Every form in which SDKs write a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,16}(?:\.\d+)?(?:[eE]\+?\d{1,2})?")
_LAST = 253_402_300_799.0
"""The end of the year 9999, the last moment that has a date."""


def parse_timestamp(value: Any) -> float | None:
    """Give the epoch second of a number, a numeric string or an ISO date (UTC unless it says otherwise)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return _iso(text)
        value = float(text)
    if not isinstance(value, int | float) or not 0 <= value <= _LAST:
        return None
    return float(value)


def _iso(text: str) -> float | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            tzinfo=_zone(zone),
        )
    except ValueError:
        return None
    moment_s = moment.timestamp() + float(f"0.{fraction}" if fraction else 0)
    return moment_s if 0 <= moment_s <= _LAST else None


def _zone(text: str | None) -> timezone:
    if text is None or text.upper() in ("Z", "UTC"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def iso(epoch_s: float) -> str:
    """Give a moment as Sentry's API writes it: UTC, microseconds only where there are any."""
    moment = datetime.fromtimestamp(epoch_s, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if moment.microsecond else "%Y-%m-%dT%H:%M:%SZ")
