"""Runs an issue search: terms and scope into one SQL statement, a page of issue ids out, in any of Sentry's orders."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.pagination import Cursor, Key, Page, keyed_page
from dexter.sandbox.search.condition import Condition
from dexter.sandbox.search.issue_conditions import conditions
from dexter.sandbox.search.issue_query import IsTerm, Term
from dexter.sandbox.search.scope import SearchScope, scope_conditions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from dexter.sandbox.database import Database

MAX_HITS = 1000
"""Sentry counts no further than this."""

SORTS = frozenset({"date", "new", "trends", "freq", "user", "inbox", "recommended"})


def search_page(
    db: Database, terms: Sequence[Term], scope: SearchScope, sort: str, cursor: Cursor | None, limit: int
) -> Page[sqlite3.Row]:
    """Give one page of `(id, sort_key)` rows, counted up to MAX_HITS."""
    if not scope.project_ids:
        return Page([], Cursor(0, 0, True), Cursor(0, 0, False), 0, MAX_HITS)
    where = [*scope_conditions(scope), *conditions(terms, scope)]
    key = sort_key(sort, scope)

    def fetch(start: Key | None, backwards: bool, skip: int, count: int) -> Sequence[sqlite3.Row]:
        return _fetch(db, where, key, start, backwards, skip, count)

    page = keyed_page(fetch, lambda row: row["sort_key"], cursor, limit)
    return Page(page.rows, page.prev, page.next, _count(db, where), MAX_HITS)


def matching_ids(db: Database, terms: Sequence[Term], scope: SearchScope, sort: str, limit: int) -> list[int]:
    """Give the ids of the first `limit` matches, as bulk mutations without ids take them."""
    if not scope.project_ids:
        return []
    where = [*scope_conditions(scope), *conditions(terms, scope)]
    return [row["id"] for row in _fetch(db, where, sort_key(sort, scope), None, False, 0, limit)]


def count_matches(db: Database, terms: Sequence[Term], scope: SearchScope, most: int) -> int:
    """Give how many issues match, counting no further than `most`."""
    if not scope.project_ids:
        return 0
    return _count(db, [*scope_conditions(scope), *conditions(terms, scope)], most)


def _fetch(
    db: Database, where: list[Condition], key: Condition, start: Key | None, backwards: bool, skip: int, count: int
) -> list[sqlite3.Row]:
    from_key, params = "", [*key.params, *_params(where)]
    if start is not None:
        from_key = f" WHERE sort_key {'>=' if backwards else '<='} ?"
        params.append(start)
    direction = "ASC" if backwards else "DESC"
    # A key that adds up other rows must not be worked out twice a row; a plain one is faster without a copy.
    how = "MATERIALIZED" if "SELECT" in key.sql else "NOT MATERIALIZED"
    return db.all(
        f"WITH hits AS {how} (SELECT i.id, {key.sql} AS sort_key FROM issues i WHERE {_joined(where)})"
        f" SELECT id, sort_key FROM hits{from_key}"
        f" ORDER BY sort_key {direction}, id {direction} LIMIT ? OFFSET ?",
        *params, count, skip,
    )  # fmt: skip


def _count(db: Database, where: list[Condition], most: int = MAX_HITS) -> int:
    counted: int = db.value(
        f"SELECT count(*) FROM (SELECT 1 FROM issues i WHERE {_joined(where)} LIMIT ?)", *_params(where), most
    )
    return counted


def _joined(where: Iterable[Condition]) -> str:
    return " AND ".join(part.sql for part in where)


def _params(where: Iterable[Condition]) -> list[Any]:
    return [param for part in where for param in part.params]


def sort_key(sort: str, scope: SearchScope) -> Condition:
    """Give the integer an order goes by, highest first: milliseconds for times, counts, or a score."""
    start = scope.time.start
    match sort:
        case "new":
            return Condition("CAST(i.first_seen * 1000 AS INTEGER)")
        case "freq":
            # Only an issue older than the window needs its hours added up.
            return Condition(
                "CASE WHEN i.first_seen >= ? THEN i.times_seen ELSE (SELECT COALESCE(SUM(h.count), 0)"
                " FROM issue_hours h WHERE h.issue_id = i.id AND h.hour >= ?) END",
                (start, int(start // 3600) * 3600),
            )
        case "user":
            return Condition(
                "CASE WHEN i.first_seen >= ? THEN i.users_seen ELSE (SELECT count(*) FROM issue_users u"
                " WHERE u.issue_id = i.id AND u.last_seen >= ?) END",
                (start, start),
            )
        case "trends":
            return _trend(scope.now)
        case "recommended":
            return _recommended(scope.now)
        case _:
            return Condition("CAST(i.last_seen * 1000 AS INTEGER)")


def _trend(now: float) -> Condition:
    """Score the last day's events against a usual day of the week before."""
    day = int(now // 3600) * 3600 - 23 * 3600
    recent = "(SELECT COALESCE(SUM(h.count), 0) FROM issue_hours h WHERE h.issue_id = i.id AND h.hour >= ?)"
    before = (
        "(SELECT COALESCE(SUM(h.count), 0) FROM issue_hours h WHERE h.issue_id = i.id AND h.hour < ? AND h.hour >= ?)"
    )
    return Condition(
        f"CASE WHEN i.last_seen < ? THEN 0 ELSE CAST(1000 * {recent} / (1.0 + {before} / 6.0) AS INTEGER) END",
        (day, day, day, day - 6 * 86400),
    )


def _recommended(now: float) -> Condition:
    """Score by priority, fading with the age of the last event, lifted by how often it happens."""
    return Condition(
        "CAST(1000000 * (CASE i.idx_priority WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END)"
        " / (1.0 + MAX(0, ? - i.last_seen) / 86400.0) AS INTEGER) + MIN(i.times_seen, 10000)",
        (now,),
    )


def fits_inbox(terms: Iterable[Term]) -> bool:
    """Tell whether the query may be sorted by `inbox`: it must ask for unresolved issues that await review."""
    asked = {term.value for term in terms if isinstance(term, IsTerm) and not term.negated}
    return {"unresolved", "for_review"} <= asked
