"""What `me` means in a search that Dexter's own credential makes for somebody: the person, not its owner."""

from __future__ import annotations

import re

_KEYS = "assigned|assigned_or_suggested|bookmarks|subscribed"
_TERM = re.compile(rf"(?<![\w.\"])(!?(?:{_KEYS}):)(me\b(?![\w@.\-])|\[[^\]\"]*\])", re.IGNORECASE)
_ME = re.compile(r"(?<=[\[,\s])me(?=\s*[,\]])", re.IGNORECASE)
_PLAIN = re.compile(r"[\w@.+\-]+")
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")')


def names_me(query: str) -> bool:
    """Whether a search asks for whoever searches."""
    return for_person(query, "x") != query


def for_person(query: str, name: str) -> str:
    """Give a search with `me` replaced by a user's name or e-mail address, also in lists; quoted text stays as it is.

    >>> for_person("is:unresolved assigned:[me, none]", "ada@b.c")
    'is:unresolved assigned:[ada@b.c, none]'
    """
    said = name if _PLAIN.fullmatch(name) else '"' + name.replace("\\", "").replace('"', "") + '"'
    parts = _QUOTED.split(query)
    return "".join(
        part if at % 2 else _TERM.sub(lambda term: _replaced(term, said), part) for at, part in enumerate(parts)
    )


def _replaced(term: re.Match[str], said: str) -> str:
    key, value = term[1], term[2]
    return key + (_ME.sub(lambda _: said, value) if value.startswith("[") else said)
