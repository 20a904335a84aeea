"""Columns of an event query: fields, tags and functions as SQL over `events e`, with their types. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dexter.sandbox.search.condition import Condition
from dexter.sandbox.search.equation import PREFIX, equation_sql
from dexter.sandbox.search.event_conditions import field_expression
from dexter.sandbox.search.issue_query import InvalidQuery

_FUNCTION = re.compile(r"([a-z_0-9]+)\((.*)\)")
_TYPES = {
    "timestamp": "date",
    "received": "date",
    "project.id": "integer",
    "project_id": "integer",
    "issue.id": "integer",
    "error.handled": "boolean",
    "error.unhandled": "boolean",
}
_OPERATORS = {
    "equals": "=",
    "notEquals": "!=",
    "less": "<",
    "lessOrEquals": "<=",
    "greater": ">",
    "greaterOrEquals": ">=",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One asked column: its name as it was asked for, its SQL, its type, and whether it needs grouping."""

    name: str
    sql: str
    params: tuple[object, ...]
    type: str
    is_function: bool = False


def column(name: str, seconds: float) -> Column:
    """Give the column of a name; `seconds` is the length of the asked time, for rates.

    Raises InvalidQuery for an unknown function and for an equation that is none.
    """
    if name.startswith(PREFIX):
        return _equation(name, seconds)
    match = _FUNCTION.fullmatch(name)
    if match is None:
        return _field(name)
    function, arguments = match[1], [part.strip() for part in match[2].split(",") if part.strip()]
    return _function(name, function, arguments, seconds)


def _equation(name: str, seconds: float) -> Column:
    used: list[Column] = []

    def operand(text: str) -> tuple[str, tuple[object, ...]]:
        used.append(column(text, seconds))
        return used[-1].sql, used[-1].params

    sql, params = equation_sql(name.removeprefix(PREFIX), operand)
    if len({part.is_function for part in used}) > 1:
        raise InvalidQuery("Cannot mix functions and fields in arithmetic")
    return Column(name, sql, params, "number", any(part.is_function for part in used))


def _field(name: str) -> Column:
    if name == "issue":
        # Becomes the short id when the rows are shown.
        return Column(name, "e.issue_id", (), "string")
    if name in ("error.handled", "error.unhandled"):
        found = field_expression("handled")
        wanted = "yes" if name == "error.handled" else "no"
        return Column(name, f"COALESCE({found.sql} = ?, 0)", (*found.params, wanted), "boolean")
    if name == "message":
        return Column(name, "CASE e.message WHEN '' THEN e.title ELSE e.message END", (), "string")
    found = field_expression(name)
    return Column(name, found.sql, found.params, _TYPES.get(name, "string"))


def _function(name: str, function: str, arguments: list[str], seconds: float) -> Column:
    if function in _PLAIN and not arguments:
        sql, kind = _PLAIN[function]
        return Column(name, sql.format(seconds=max(1.0, seconds)), (), kind, True)
    if function in _OF_ONE and len(arguments) == 1:
        inner = _field(arguments[0])
        sql, kind = _OF_ONE[function]
        return Column(name, sql.format(inner.sql), inner.params, kind or inner.type, True)
    if function == "count_if" and len(arguments) == 3 and arguments[1] in _OPERATORS:
        inner = _field(arguments[0])
        sql = f"COALESCE(SUM({inner.sql} {_OPERATORS[arguments[1]]} ?), 0)"
        return Column(name, sql, (*inner.params, arguments[2].strip('"')), "integer", True)
    if function in _PLAIN or function in _OF_ONE or function == "count_if":
        raise InvalidQuery(f"{function}: invalid arguments")
    raise InvalidQuery(f"{function} is not a valid function")


_PLAIN = {
    "count": ("COUNT(*)", "integer"),
    "last_seen": ("MAX(e.timestamp)", "date"),
    "first_seen": ("MIN(e.timestamp)", "date"),
    "latest_event": ("SUBSTR(MAX(PRINTF('%020.6f', e.timestamp) || e.event_id), 21)", "string"),
    "epm": ("COUNT(*) * 60.0 / {seconds}", "rate"),
    "eps": ("COUNT(*) * 1.0 / {seconds}", "rate"),
}
_OF_ONE = {
    "count": ("COUNT({})", "integer"),
    "count_unique": ("COUNT(DISTINCT {})", "integer"),
    "min": ("MIN({})", ""),
    "max": ("MAX({})", ""),
    "avg": ("AVG({})", "number"),
    "sum": ("SUM({})", "number"),
    "any": ("MAX({})", ""),
}


def having(found: Column, operator: str, number: float) -> Condition:
    """Compare a function with a number, after grouping."""
    return Condition(f"{found.sql} {operator} ?", (*found.params, number))
