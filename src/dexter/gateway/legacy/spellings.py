"""Older names and values in the query of an issue list, and what they are called today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

Pairs = tuple[tuple[str, str], ...]

_NAMES = {
    "stats_period": "period",
    "statsPeriod": "period",
    "per_page": "limit",
    "project_slug": "project",
    "organization_slug": "organization",
}
_STATUSES = {"ignored": "archived", "muted": "archived"}
_SORTS = {
    "lastSeen": "date",
    "last_seen": "date",
    "firstSeen": "new",
    "first_seen": "new",
    "count": "freq",
    "events": "freq",
    "userCount": "user",
    "users": "user",
    "priority": "trends",
}
MOST_PER_PAGE = 100
MOST_PAGES = 100
"""How far a page number may lead: Sentry has cursors only, so that every page before it is walked."""


def is_spelled_of_old(pairs: Pairs) -> bool:
    """Whether a query of today's list uses a name or a value that only earlier Dexters had."""
    return today(pairs) != pairs or any(name in ("page", "sort_direction") for name, _ in pairs)


def today(pairs: Pairs) -> Pairs:
    """Give a query in today's names, without the page number and the direction. Idempotent."""
    return tuple(
        (_NAMES.get(name, name), _value(name, value))
        for name, value in pairs
        if name not in ("page", "sort_direction") and not (value == "" and name in _OPTIONAL)
    )


_OPTIONAL = frozenset({*_NAMES, "status", "level", "sort", "cursor", "environment", "project"})
"""Older clients send these empty where they mean nothing by them."""


def page_number(pairs: Iterable[tuple[str, str]]) -> int:
    """Give the page that a query asks for, from 1. Raises BadRequest for what is no such number."""
    stated = [value for name, value in pairs if name == "page" and value]
    if not stated:
        return 1
    if len(stated) > 1 or not (stated[0].isascii() and stated[0].isdigit()) or not 1 <= int(stated[0]) <= MOST_PAGES:
        raise BadRequest(
            f"page must be one whole number from 1 to {MOST_PAGES}.",
            remedy="Follow the cursors of the answer, which have no such end.",
        )
    return int(stated[0])


def check_no_page(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise BadRequest for a later page by number of a list that never had any: it would be the first one for ever."""
    if page_number(pairs) != 1:
        raise BadRequest("This list has no numbered pages.", remedy="Follow the cursors of the answer.")


def check_direction(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise BadRequest for the one direction that Sentry does not sort in."""
    if any(name == "sort_direction" and value.lower() not in ("", "desc", "descending") for name, value in pairs):
        raise BadRequest(
            "Sentry sorts issues in descending order only.", remedy="Leave sort_direction out, or send desc."
        )


def _value(name: str, value: str) -> str:
    match name:
        case "status":
            return _STATUSES.get(value, value)
        case "sort":
            return _SORTS.get(value.removeprefix("-"), value.removeprefix("-"))
        case "per_page" if value.isascii() and value.isdigit():
            return str(min(int(value), MOST_PER_PAGE))
        case _:
            return value
