"""Tags as Sentry's JSON: a key with its name and totals, a value with its count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3

_NAMES = {"os": "OS", "url": "URL", "exc_type": "Exception Type", "server_name": "Server", "sentry:user": "User"}
_QUERIED = frozenset({"user", "release", "dist", "environment"})


def tag_name(key: str) -> str:
    """Give the name people read for a tag key."""
    return _NAMES.get(key) or key.replace("_", " ").replace(".", " ").title()


def event_tag(key: str, value: str) -> dict[str, Any]:
    """Give one tag of one event; those of Sentry's own bring the query that finds them."""
    tag = {"key": key, "value": value}
    if key in _QUERIED and key != "environment":
        tag["query"] = f'{key}:"{value}"'
    return tag


def tag_key(key: str, total: int | None, unique: int | None = None) -> dict[str, Any]:
    """Give a tag key; `total` counts events that carry it, `unique` its values."""
    shown: dict[str, Any] = {"key": key, "name": tag_name(key), "totalValues": total}
    if unique is not None:
        shown["uniqueValues"] = unique
    return shown


def tag_value(key: str, row: sqlite3.Row) -> dict[str, Any]:
    """Give one value of a key, from a row with value, count, first_seen and last_seen."""
    value = row["value"]
    shown = {
        "key": key,
        "name": value,
        "value": value,
        "count": row["count"],
        "lastSeen": iso(row["last_seen"]),
        "firstSeen": iso(row["first_seen"]),
    }
    if key in _QUERIED:
        shown["query"] = f'{key}:"{value}"'
    return shown
