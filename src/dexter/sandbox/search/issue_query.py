"""Sentry's issue search language, from text to terms. Pure: it knows neither the clock nor the database.

A query is a row of terms that must all hold: `is:unresolved`, `key:value`, `!key:value`, `key:[a, b]`,
`key:>10`, `has:key`, and words of free text, which are joined into one. A value may be quoted and may
hold `*`. There is no OR, no AND and no grouping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


class InvalidQuery(Exception):
    """The query cannot be searched for; `str()` is Sentry's `detail`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Error parsing search query: {reason}")


@dataclass(frozen=True, slots=True)
class IsTerm:
    """`is:value`: a state of the issue."""

    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class HasTerm:
    """`has:key`: the key has a value at all."""

    key: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class KeyTerm:
    """`key:value` or `key:[a, b]`: any one of `values` matches. `quoted` values are never comparisons."""

    key: str
    values: tuple[str, ...]
    negated: bool = False
    listed: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class TextTerm:
    """Free text, words joined by single spaces."""

    text: str


Term = IsTerm | HasTerm | KeyTerm | TextTerm

STATUS_WORDS = {
    "unresolved": "unresolved",
    "resolved": "resolved",
    "ignored": "ignored",
    "archived": "ignored",
    "muted": "ignored",
}
SUBSTATUS_WORDS = {
    "new": "new",
    "ongoing": "ongoing",
    "regressed": "regressed",
    "escalating": "escalating",
    "until_escalating": "archived_until_escalating",
    "until_condition_met": "archived_until_condition_met",
    "forever": "archived_forever",
    "archived_until_escalating": "archived_until_escalating",
    "archived_until_condition_met": "archived_until_condition_met",
    "archived_forever": "archived_forever",
}
OTHER_STATES = ("assigned", "unassigned", "for_review", "linked", "unlinked")
IS_VALUES = frozenset([*STATUS_WORDS, *SUBSTATUS_WORDS, *OTHER_STATES])

ALIASES = {
    "age": "first_seen",
    "firstSeen": "first_seen",
    "lastSeen": "last_seen",
    "timesSeen": "times_seen",
    "firstRelease": "first_release",
    "first-release": "first_release",
    "assigned": "assigned_to",
    "bookmarks": "bookmarked_by",
    "subscribed": "subscribed_by",
    "issue.priority": "priority",
    "platform.name": "platform",
    "project.name": "project",
    "level.name": "level",
    "culprit": "transaction",
    "http.url": "url",
    "sentry:release": "release",
    "sentry:environment": "environment",
    "sentry:user": "user",
    "sentry:dist": "dist",
}

_TOKEN = re.compile(
    r"""
    (?P<negated>!)?
    (?P<key>tags\[[^\]\s]+\]|[A-Za-z0-9_.:-]*?[A-Za-z0-9_.-]|"(?:[^"\\]|\\.)+")
    :
    (?P<value>
        \[[^\]]*\]              # a list
      | (?:[<>]=?|=)?"(?:[^"\\]|\\.)*"   # quoted, perhaps compared
      | [^\s"]\S*               # a bare word
      | (?=\s|$)                # nothing
    )
    (?=\s|$)
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)')
_WORD = re.compile(r"\S+")
_LIST_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,\]]*?))\s*(?:,|$)')
_BOOLEAN = re.compile(r"^\(*(?:and|or)\)*$", re.IGNORECASE)
_FILTER_IN_PARENS = re.compile(r"^\(+!?[A-Za-z0-9_.\[\]-]+:\S")


MAX_LENGTH = 8_192
MAX_TERMS = 200
MAX_VALUES = 500
"""Bounds far beyond what people write, so that no query outgrows what the database can take."""


def parse(text: str) -> tuple[Term, ...]:
    """Give the terms of a query, in order; raise InvalidQuery where Sentry answers 400."""
    check_length(text)
    terms: list[Term] = []
    words: list[str] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        term, position = _term_at(text, position, words)
        if term is not None:
            _flush(words, terms)
            terms.append(term)
    _flush(words, terms)
    values = sum(len(term.values) for term in terms if isinstance(term, KeyTerm))
    if len(terms) > MAX_TERMS or values > MAX_VALUES:
        raise InvalidQuery("Query has too many terms")
    return tuple(terms)


def check_length(text: str) -> None:
    """Raise InvalidQuery for a query longer than any person's."""
    if len(text) > MAX_LENGTH:
        raise InvalidQuery(f"Query is too long, the maximum is {MAX_LENGTH} characters")


def _flush(words: list[str], terms: list[Term]) -> None:
    if words:
        terms.append(TextTerm(" ".join(words)))
        words.clear()


def _term_at(text: str, position: int, words: list[str]) -> tuple[Term | None, int]:
    """Read one term at `position`; a word of free text goes to `words` instead."""
    if match := _TOKEN.match(text, position):
        key = _unquoted(match["key"]) if match["key"].startswith('"') else match["key"]
        if "://" not in text[position : match.end()] or key not in ("http", "https"):
            return _keyed(key, match["value"], bool(match["negated"])), match.end()
    if match := _QUOTED.match(text, position):
        words.append(_unescaped(match[1]))
        return None, match.end()
    match = _WORD.match(text, position)
    assert match is not None  # noqa: S101 - the caller stands on a character that is no space
    words.append(_plain_word(match[0], position))
    return None, match.end()


def _plain_word(word: str, position: int) -> str:
    if _BOOLEAN.match(word):
        raise InvalidQuery('Boolean statements containing "OR" or "AND" are not supported in this search')
    if _FILTER_IN_PARENS.match(word):
        raise InvalidQuery(
            f"Parse error at '{word}' (column {position + 1}). This is commonly caused by unmatched "
            "parentheses. Enclose any text in double quotes."
        )
    if re.search(r'(?<!\\)"', word):
        raise InvalidQuery(f"Invalid quote at '{word}': quotes must enclose text or be escaped.")
    return _unescaped(word)


def _keyed(key: str, raw: str, negated: bool) -> Term:
    if key == "is":
        return _is_term(raw, negated)
    if key == "has":
        return HasTerm(canonical_key(_unquoted(raw)), negated)
    name = canonical_key(key)
    if raw.startswith("["):
        values = _list_items(raw[1:-1])
        if not values:
            raise InvalidQuery(f"Empty list for '{key}'.")
        return KeyTerm(name, values, negated, listed=True)
    if raw == "":
        raise InvalidQuery(f"Empty string after '{key}:'")
    quoted = raw.startswith('"')
    if quoted and raw == '""':
        return HasTerm(name, not negated)
    if not quoted and raw[0] in "<>=" and raw.endswith('"') and '"' in raw[1:-1]:
        operator, _, rest = raw.partition('"')
        return KeyTerm(name, (operator + _unescaped(rest[:-1]),), negated)
    return KeyTerm(name, (_unquoted(raw),), negated, quoted=quoted)


def _is_term(raw: str, negated: bool) -> IsTerm:
    value = _unquoted(raw)
    if value.startswith("["):
        raise InvalidQuery('"in" syntax invalid for "is" search')
    if value not in IS_VALUES:
        raise InvalidQuery(f'Invalid value for "is" search, valid values are {sorted(IS_VALUES)}')
    return IsTerm(value, negated)


def canonical_key(key: str) -> str:
    """Give the one name a key goes by: aliases resolved, `tags[foo]` as `tags[foo]`."""
    return ALIASES.get(key, key)


def _list_items(inner: str) -> tuple[str, ...]:
    items: list[str] = []
    position = 0
    while position < len(inner):
        match = _LIST_ITEM.match(inner, position)
        if match is None or match.end() == position:
            break
        item = _unescaped(match[1]) if match[1] is not None else match[2]
        if item:
            items.append(item)
        position = match.end()
    return tuple(items)


def _unquoted(raw: str) -> str:
    if len(raw) >= 2 and raw.startswith('"') and raw.endswith('"'):
        return _unescaped(raw[1:-1])
    return _unescaped(raw)


def _unescaped(raw: str) -> str:
    return raw.replace('\\"', '"')
