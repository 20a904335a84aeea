"""Pieces of SQL conditions and how values of a search become them. Pure: text and parameters, no database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.sandbox.search.issue_query import InvalidQuery, KeyTerm
from dexter.sandbox.search.time_range import DAY_S, parse_duration, parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)([kmb])?", re.IGNORECASE)
_SUFFIXES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL that is true or false for a row, and what its question marks stand for."""

    sql: str
    params: tuple[Any, ...] = ()

    def negated(self) -> Condition:
        """Give its opposite; what is unknown counts as not matching before it is turned round."""
        return Condition(f"NOT COALESCE(({self.sql}), 0)", self.params)


NEVER = Condition("0")
ALWAYS = Condition("1")


def marks(values: Iterable[Any]) -> str:
    """Give a question mark a value, with commas between."""
    return ",".join("?" for _ in values)


def either(parts: Sequence[Condition]) -> Condition:
    """Give the condition that at least one part holds."""
    return Condition(
        f"({' OR '.join(part.sql for part in parts)})", tuple(param for part in parts for param in part.params)
    )


def any_of(expression: str, values: Iterable[str]) -> Condition:
    """Give `expression` equal to any value, or like it where the value holds `*`."""
    exact = [value for value in values if not is_wildcard(value)]
    parts = [f"{expression} IN ({marks(exact)})"] if exact else []
    params: list[str] = list(exact)
    for value in values:
        if is_wildcard(value):
            parts.append(f"{expression} LIKE ? ESCAPE '\\'")
            params.append(like_pattern(value))
    return Condition(f"({' OR '.join(parts)})", tuple(params))


def is_wildcard(value: str) -> bool:
    """Tell whether a value holds a `*` that is not escaped."""
    return re.search(r"(?<!\\)\*", value) is not None


def like_pattern(value: str) -> str:
    """Give the LIKE pattern of a value with `*`; `\\` escapes."""
    literal = value.replace("\\*", "\0").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return literal.replace("*", "%").replace("\0", "*")


def comparison_on(expression: str, term: KeyTerm) -> Condition:
    """Compare a number with the term's, which may begin with `>`, `>=`, `<` or `<=`."""
    parts, params = [], []
    for value in term.values:
        operator, number = _comparison(term, value)
        parts.append(f"{expression} {operator} ?")
        params.append(number)
    return Condition(f"({' OR '.join(parts)})", tuple(params))


def _comparison(term: KeyTerm, value: str) -> tuple[str, float]:
    operator, text = _split_comparison(value)
    match = None if term.quoted else _NUMBER.fullmatch(text)
    if match is None:
        raise InvalidQuery(
            f"{term.key}: Invalid number: {value}. Expected number then optional k, m, or b suffix (e.g. 500k)."
        )
    return operator, float(match[1]) * _SUFFIXES.get((match[2] or "").lower(), 1)


def _split_comparison(value: str) -> tuple[str, str]:
    match = _COMPARISON.fullmatch(value)
    assert match is not None  # noqa: S101 - the pattern takes every text
    return match[1] or "=", match[2]


def date_condition(expression: str, term: KeyTerm, now: float) -> Condition:
    """Compare a time with the term's: `-24h`, `+7d`, `>2024-01-31`, a day, a moment."""
    value = term.values[0]
    # -24h: younger than that; +24h: older.
    if value[:1] in "+-" and (length := parse_duration(value[1:])) is not None:
        return Condition(f"{expression} {'>=' if value[0] == '-' else '<='} ?", (now - length,))
    operator, text = _split_comparison(value)
    moment = parse_moment(text)
    if moment is None:
        raise invalid_date(term, value)
    if operator != "=":
        return Condition(f"{expression} {operator} ?", (moment,))
    # A bare day means all of it, a bare moment a few minutes around it: nobody hits a microsecond.
    low, high = (moment, moment + DAY_S) if len(text) <= 10 else (moment - 300, moment + 360)
    return Condition(f"({expression} >= ? AND {expression} < ?)", (low, high))


def invalid_date(term: KeyTerm, value: str) -> InvalidQuery:
    """Give the refusal of what is no date."""
    return InvalidQuery(
        f"{term.key}: Invalid date: {value}. Expected +/-duration (e.g. +1h) or ISO 8601-like (e.g. 2024-01-31)."
    )
