"""What a search's tags leave of issues: the part of each issue's events that the search is about.

Counts by hour and by tag are kept apart from each other, and most seeded events have no body. So a search for several
tags takes them as independent of each other and of time: `browser:Firefox plan:free` of an issue half of whose events
came from Firefox and a fifth from free plans leaves a tenth of every hour.
"""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dexter.sandbox.search.issue_conditions import is_tag, tag_key
from dexter.sandbox.search.issue_query import KeyTerm

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from dexter.sandbox.database import Database
    from dexter.sandbox.search.issue_query import Term


@dataclass(frozen=True, slots=True)
class Part:
    """The share of an issue's events that a search is about, and since and until when there are any."""

    share: float
    first: float | None
    last: float | None


def tag_terms(terms: Iterable[Term]) -> tuple[KeyTerm, ...]:
    """Give the terms of a search that are about events rather than about issues."""
    return tuple(term for term in terms if isinstance(term, KeyTerm) and is_tag(term.key))


def parts(db: Database, ids: Sequence[int], terms: Sequence[KeyTerm]) -> dict[int, Part]:
    """Give what a search leaves of each issue."""
    keys = list(dict.fromkeys(tag_key(term.key) for term in terms))
    rows: dict[tuple[int, str], list[sqlite3.Row]] = {}
    for row in db.all(
        "SELECT t.*, i.times_seen FROM issue_tags t JOIN issues i ON i.id = t.issue_id"
        f" WHERE t.issue_id IN ({','.join('?' * len(ids))}) AND t.key IN ({','.join('?' * len(keys))})",
        *ids, *keys,
    ):  # fmt: skip
        rows.setdefault((row["issue_id"], row["key"]), []).append(row)
    return {issue: _part([(term, rows.get((issue, tag_key(term.key)), [])) for term in terms]) for issue in ids}


def _part(found: Sequence[tuple[KeyTerm, Sequence[sqlite3.Row]]]) -> Part:
    share, first, last = 1.0, None, None
    for term, rows in found:
        matching = [row for row in rows if any(_matches(row["value"], value) for value in term.values)]
        total = max((row["times_seen"] for row in rows), default=0)
        of_term = min(1.0, sum(row["count"] for row in matching) / total) if total else 0.0
        share *= 1.0 - of_term if term.negated else of_term
        if matching and not term.negated:
            since, until = min(row["first_seen"] for row in matching), max(row["last_seen"] for row in matching)
            first = since if first is None else max(first, since)
            last = until if last is None else min(last, until)
    return Part(share, first, last)


def _matches(value: str, pattern: str) -> bool:
    return fnmatchcase(value, pattern.replace("[", "[[]")) if "*" in pattern else value == pattern
