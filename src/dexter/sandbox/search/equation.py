"""Arithmetic over columns of an event query: `equation|count_if(level,equals,fatal) / count() * 100`. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dexter.sandbox.search.issue_query import InvalidQuery

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "equation|"
MOST_OPERATORS = 10
_MOST_TOKENS = 100

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<operand>[a-zA-Z_][\w.]*(?:\([^()]*\))?)|(?P<sign>[-+*/()]))\s*"
)

Operand = tuple[str, tuple[object, ...]]
"""SQL and what its question marks stand for."""


def equation_sql(text: str, operand: Callable[[str], Operand]) -> Operand:
    """Give the SQL of an equation; `operand` gives that of a column. Dividing by zero gives null.

    Raises InvalidQuery for what is no arithmetic.
    """
    tokens = _tokens(text)
    if len(tokens) > _MOST_TOKENS:
        raise _unreadable(text[:100])
    if sum(sign in "+-*/" for kind, sign in tokens if kind == "sign") > MOST_OPERATORS:
        raise InvalidQuery(f"Maximum operators exceeded, the limit is {MOST_OPERATORS}")
    found, rest = _sum(tokens, 0, operand)
    if rest < len(tokens):
        raise _unreadable(text)
    return found


def _unreadable(text: str) -> InvalidQuery:
    return InvalidQuery(f"Unable to parse your equation, make sure it is well formed arithmetic: {text}")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise _unreadable(text)
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        position = match.end()
    return tokens


def _sum(tokens: list[tuple[str, str]], position: int, operand: Callable[[str], Operand]) -> tuple[Operand, int]:
    (sql, params), position = _product(tokens, position, operand)
    while position < len(tokens) and tokens[position] in (("sign", "+"), ("sign", "-")):
        sign = tokens[position][1]
        (right, more), position = _product(tokens, position + 1, operand)
        sql, params = f"({sql} {sign} {right})", (*params, *more)
    return (sql, params), position


def _product(tokens: list[tuple[str, str]], position: int, operand: Callable[[str], Operand]) -> tuple[Operand, int]:
    (sql, params), position = _single(tokens, position, operand)
    while position < len(tokens) and tokens[position] in (("sign", "*"), ("sign", "/")):
        sign = tokens[position][1]
        (right, more), position = _single(tokens, position + 1, operand)
        right = f"NULLIF({right}, 0)" if sign == "/" else right
        sql, params = f"({sql} {sign} {right})", (*params, *more)
    return (sql, params), position


def _single(tokens: list[tuple[str, str]], position: int, operand: Callable[[str], Operand]) -> tuple[Operand, int]:
    kind, text = tokens[position] if position < len(tokens) else ("", "")
    if kind == "number":
        return (f"{float(text)!r}", ()), position + 1
    if kind == "operand":
        sql, params = operand(text)
        return (f"CAST({sql} AS REAL)", params), position + 1
    if (kind, text) == ("sign", "("):
        found, position = _sum(tokens, position + 1, operand)
        if position < len(tokens) and tokens[position] == ("sign", ")"):
            return found, position + 1
    raise _unreadable("".join(part for _, part in tokens))
