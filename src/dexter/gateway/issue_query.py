"""The workbench's words for a search of issues, in Sentry's: pure, from status, level and text to one query."""

from __future__ import annotations

import re

from dexter.errors import BadRequest
from dexter.features.label_search import split_labels

STATUSES = {
    "unresolved": "is:unresolved",
    "resolved": "is:resolved",
    "archived": "is:archived",
    "for_review": "is:unresolved is:for_review",
    "all": "",
}
SORTS = ("date", "new", "freq", "user", "trends", "inbox")
PERIODS = ("1h", "24h", "7d", "14d", "30d", "90d")
LEVELS = ("fatal", "error", "warning", "info", "debug", "sample")
STATS_PERIODS = {"1h": "24h", "24h": "24h"}
"""The series that goes with a period; longer periods get the 14 days' one, the only other that Sentry makes."""

_SHORT_ID = re.compile(r"[A-Z0-9_]+(?:-[A-Z0-9_]+)*-[0-9A-Z]+")

_STATUS_TERM = re.compile(r"(?:^|\s)is:(unresolved|resolved|archived|ignored|muted)\b")


def sentry_query(query: str, status: str | None, levels: tuple[str, ...]) -> str:
    """Give Sentry's query for a text, a status and any of several levels.

    If neither names a status, `is:unresolved` is meant, as in Sentry. If both do, the text wins: it is what the
    person wrote, and both together would find nothing.

    Raises BadRequest for a search that still has labels in it: Sentry would take them for tags that no issue has, so
    that `!label:x` would find every issue there is.
    """
    if split_labels(query).has_labels:
        raise BadRequest(
            "label: is understood by the list of issues only, and not here.",
            remedy="List the issues with GET /api/v1/issues, and name them by their ids.",
        )
    terms = [query.strip()]
    if _STATUS_TERM.search(query) is None:
        terms.insert(0, STATUSES["unresolved" if status is None else status])
    if levels:
        terms.append(f"level:{levels[0]}" if len(levels) == 1 else f"level:[{', '.join(levels)}]")
    return " ".join(filter(None, terms))


def is_short_id(query: str) -> bool:
    """Whether a text is nothing but what looks like an issue's short id, `SHOP-1A`: then that issue is meant."""
    return _SHORT_ID.fullmatch(query.strip()) is not None


def check_sort(sort: str, query: str) -> None:
    """Raise BadRequest for the one sort that Sentry takes with one kind of search only."""
    if sort == "inbox" and not ("is:unresolved" in query and "is:for_review" in query):
        raise BadRequest(
            "sort=inbox only orders issues that are for review.", remedy="Add status=for_review, or use another sort."
        )
