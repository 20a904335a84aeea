"""Runs a query over events: columns out of conditions, grouped when a function is asked for. Builds SQL, reads rows."""
# ruff: noqa: S608 - statements are joined from this package's own pieces; values are always parameters

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.sandbox.search.condition import Condition
from dexter.sandbox.search.event_columns import Column, column, having
from dexter.sandbox.search.event_conditions import event_condition, event_conditions
from dexter.sandbox.search.event_query import AllOf, AnyOf, FunctionTerm, Node, parse_events
from dexter.sandbox.search.issue_query import InvalidQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dexter.sandbox.database import Database
    from dexter.sandbox.search.scope import SearchScope


@dataclass(frozen=True, slots=True)
class EventSearch:
    """A checked query over events. `havings` are judged after grouping."""

    columns: tuple[Column, ...]
    where: tuple[Condition, ...]
    havings: tuple[Condition, ...] = ()

    @property
    def is_grouped(self) -> bool:
        """A function groups the rest, whether it is shown or only compared."""
        return bool(self.havings) or any(column.is_function for column in self.columns)


def event_search(fields: Sequence[str], query: str, scope: SearchScope, seconds: float | None = None) -> EventSearch:
    """Give the search for some fields, a query and a scope; raises InvalidQuery for what cannot be asked.

    Rates are by `seconds`, or by the whole of the asked time.
    """
    if seconds is None:
        seconds = min(scope.time.end, scope.now) - scope.time.start
    columns = tuple(column(name, seconds) for name in fields)
    where, havings = _split(parse_events(query), scope.now, seconds)
    marks = ",".join("?" * len(scope.project_ids))
    reachable = [
        Condition(f"e.project_id IN ({marks})", scope.project_ids),
        Condition("e.issue_id NOT IN (SELECT id FROM issues WHERE status = 'pending_deletion')"),
        Condition("e.timestamp <= ?", (scope.now + 60,)),
    ]
    bounds = event_conditions((), scope.time, scope.environments, scope.now)
    return EventSearch(columns, (*reachable, *bounds, *where), tuple(havings))


def _split(node: Node, now: float, seconds: float) -> tuple[list[Condition], list[Condition]]:
    """Part conditions on events from conditions on functions, which only stand side by side with AND."""
    parts = node.parts if isinstance(node, AllOf) else (node,)
    where = [tree_condition(part, now) for part in parts if not isinstance(part, FunctionTerm)]
    havings = [_having(part, seconds) for part in parts if isinstance(part, FunctionTerm)]
    return where, havings


def _having(term: FunctionTerm, seconds: float) -> Condition:
    found = having(column(term.function, seconds), term.operator, term.number)
    return found.negated() if term.negated else found


def tree_condition(node: Node, now: float) -> Condition:
    """Give one condition for a tree of terms."""
    match node:
        case AllOf(parts):
            return _joined([tree_condition(part, now) for part in parts], " AND ", "1")
        case AnyOf(parts):
            return _joined([tree_condition(part, now) for part in parts], " OR ", "0")
        case FunctionTerm():
            raise InvalidQuery("Having an OR between aggregate conditions and non-aggregate conditions is invalid.")
        case _:
            return event_condition(node, now)


def _joined(parts: list[Condition], word: str, empty: str) -> Condition:
    if not parts:
        return Condition(empty)
    return Condition(
        f"({word.join(part.sql for part in parts)})", tuple(param for part in parts for param in part.params)
    )


def event_rows(
    db: Database, search: EventSearch, order: Sequence[tuple[str, bool]], offset: int, count: int
) -> list[list[Any]]:
    """Give rows of the search's columns, in an order of `(column, descending)`."""
    params: list[Any] = [param for column in search.columns for param in column.params]
    selected = ", ".join(f"{column.sql} AS c{index}" for index, column in enumerate(search.columns))
    where = " AND ".join(part.sql for part in search.where)
    params += [param for part in search.where for param in part.params]
    statement = f"SELECT {selected} FROM events e WHERE {where}"
    plain = [f"c{index}" for index, column in enumerate(search.columns) if not column.is_function]
    if search.is_grouped and plain:
        statement += f" GROUP BY {', '.join(plain)}"
    if search.havings:
        statement += f" HAVING {' AND '.join(part.sql for part in search.havings)}"
        params += [param for part in search.havings for param in part.params]
    names = [column.name for column in search.columns]
    ordered = [f"c{names.index(name)} {'DESC' if descending else 'ASC'}" for name, descending in order]
    ties = plain if search.is_grouped else ["e.timestamp DESC", "e.id DESC"]
    keys = [*ordered, *ties]
    statement += f" ORDER BY {', '.join(keys)}" if keys else ""
    return [list(row) for row in db.all(f"{statement} LIMIT ? OFFSET ?", *params, count, offset)]


def count_events(db: Database, search: EventSearch) -> int:
    """Give how many events the conditions on events let through."""
    where = " AND ".join(part.sql for part in search.where)
    params = [param for part in search.where for param in part.params]
    counted: int = db.value(f"SELECT COUNT(*) FROM events e WHERE {where}", *params)
    return counted


def event_points(db: Database, search: EventSearch, start: int, width: int) -> list[tuple[int, list[Any]]]:
    """Give `(bucket number, values of the search's columns)` for every bucket that holds events."""
    params: list[Any] = [start, width, *(param for column in search.columns for param in column.params)]
    selected = ", ".join(f"{column.sql} AS c{index}" for index, column in enumerate(search.columns))
    where = " AND ".join(part.sql for part in search.where)
    params += [param for part in search.where for param in part.params]
    rows = db.all(
        f"SELECT CAST((e.timestamp - ?) / ? AS INTEGER) AS bucket, {selected} FROM events e WHERE {where}"
        " GROUP BY bucket ORDER BY bucket",
        *params,
    )
    return [(row[0], list(row)[1:]) for row in rows]
