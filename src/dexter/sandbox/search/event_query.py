"""Sentry's event search language: the issue language with AND, OR, parentheses and conditions on functions. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dexter.sandbox.search.issue_query import MAX_TERMS, InvalidQuery, Term, TextTerm, check_length, parse

_SPACE = re.compile(r"\s+")
_OPERATOR = re.compile(r"(and|or)(?=[\s()]|$)", re.IGNORECASE)
_FUNCTION = re.compile(r"(!?)([a-z_]+\([^()]*\)):([<>]=?|=)?(-?[\d.]+)(?=[\s)]|$)")
_QUOTED_PART = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]')


@dataclass(frozen=True, slots=True)
class FunctionTerm:
    """`count():>10`: a condition on a function, judged after grouping."""

    function: str
    operator: str
    number: float
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; an empty one always does."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Node, ...]


Node = AllOf | AnyOf | FunctionTerm | Term


def parse_events(text: str) -> Node:
    """Give the tree of a query. AND binds closer than OR; terms side by side are joined by AND."""
    check_length(text)
    tokens = _tokens(text)
    if len(tokens) > MAX_TERMS:
        raise InvalidQuery("Query has too many terms")
    node, rest = _any_of(tokens, 0)
    if rest < len(tokens):
        raise _unbalanced(text)
    return node


def _unbalanced(text: str) -> InvalidQuery:
    return InvalidQuery(
        f"Parse error at '{text[:40]}' (column 1). This is commonly caused by unmatched parentheses. "
        "Enclose any text in double quotes."
    )


_Token = str | FunctionTerm | tuple[Term, ...]
"""`(`, `)`, `and`, `or`, or what stands between them."""


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        if match := _SPACE.match(text, position):
            position = match.end()
        elif text[position] in "()":
            tokens.append(text[position])
            position += 1
        elif match := _OPERATOR.match(text, position):
            tokens.append(match[1].lower())
            position = match.end()
        elif match := _FUNCTION.match(text, position):
            tokens.append(FunctionTerm(match[2], match[3] or "=", float(match[4]), bool(match[1])))
            position = match.end()
        else:
            end = _word_end(text, position)
            _add_terms(tokens, parse(text[position:end]))
            position = end
    return tokens


def _add_terms(tokens: list[_Token], terms: tuple[Term, ...]) -> None:
    """Words of free text that follow each other stay one text, as without operators."""
    last = tokens[-1] if tokens else None
    if isinstance(last, tuple) and isinstance(last[-1], TextTerm) and isinstance(terms[0], TextTerm):
        tokens[-1] = (TextTerm(f"{last[-1].text} {terms[0].text}"),)
        return
    tokens.append(terms)


def _word_end(text: str, position: int) -> int:
    """Find the end of a term: at a space or at a parenthesis that it did not open, never within quotes or a list."""
    depth = 0
    while position < len(text) and not text[position].isspace():
        if match := _QUOTED_PART.match(text, position):
            position = match.end()
            continue
        if text[position] == ")" and depth == 0:
            break
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
    return position


def _any_of(tokens: list[_Token], position: int) -> tuple[Node, int]:
    parts = []
    while True:
        part, position = _all_of(tokens, position)
        parts.append(part)
        if position >= len(tokens) or tokens[position] != "or":
            break
        position += 1
    if len(parts) > 1 and any(part == AllOf(()) for part in parts):
        raise InvalidQuery("Condition is missing on the left or the right side of 'OR' operator")
    return (parts[0] if len(parts) == 1 else AnyOf(tuple(parts))), position


def _all_of(tokens: list[_Token], position: int) -> tuple[Node, int]:
    parts: list[Node] = []
    while position < len(tokens) and tokens[position] not in (")", "or"):
        part = tokens[position]
        position += 1
        if part == "(":
            inner, position = _any_of(tokens, position)
            if position >= len(tokens):
                raise _unbalanced("(")
            position += 1
            parts.append(inner)
        elif part == "and":
            if not parts or position >= len(tokens) or tokens[position] in (")", "or", "and"):
                raise InvalidQuery("Condition is missing on the left or the right side of 'AND' operator")
        elif isinstance(part, FunctionTerm):
            parts.append(part)
        elif isinstance(part, tuple):
            parts += part
    return (parts[0] if len(parts) == 1 else AllOf(tuple(parts))), position
