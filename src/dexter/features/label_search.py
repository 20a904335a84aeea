"""`label:NAME` in a search of issues: Dexter's own filter, since Sentry knows no labels.

`label:flaky`, `label:"needs info"`, `label:[flaky, slow]` for any of several, each with `!` before it for the opposite.
Several terms must all hold. What is left of the search is Sentry's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.errors import BadRequest

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database

_TERM = re.compile(
    r'(?<!\S)(?P<no>!?)label:(?:\[(?P<any>[^\]]*)\]|"(?P<quoted>[^"]*)"|(?P<plain>[^\s"\[]\S*)|)(?=\s|$)', re.IGNORECASE
)
_QUOTED = re.compile(r'"[^"]*"')
_NAME = re.compile(r'\s*(?:"([^"]*)"|([^,"]+))\s*(?:,|$)')


@dataclass(frozen=True, slots=True)
class LabelSearch:
    """A search with its labels taken out: each of `all_of` is a choice of names, one of which an issue must have."""

    rest: str
    all_of: tuple[tuple[str, ...], ...] = ()
    none_of: tuple[str, ...] = ()

    @property
    def has_labels(self) -> bool:
        """Whether the search speaks of labels at all."""
        return bool(self.all_of or self.none_of)


@dataclass(frozen=True, slots=True)
class Labelled:
    """Which issues a search is narrowed to, by number: `only` None for all of them, less those that are excluded."""

    rest: str
    only: frozenset[str] | None
    excluded: frozenset[str]

    def admits(self, issue_id: str) -> bool:
        """Whether an issue has the labels that were asked for, and none of those that were not."""
        return issue_id not in self.excluded and (self.only is None or issue_id in self.only)


def split_labels(query: str) -> LabelSearch:
    """Give a search with its labels taken out. Raises BadRequest for a term that names none.

    >>> split_labels('is:unresolved label:flaky !label:"needs info"')
    LabelSearch(rest='is:unresolved', all_of=(('flaky',),), none_of=('needs info',))
    """
    if "label:" not in query.lower():
        return LabelSearch(query.strip())
    all_of: list[tuple[str, ...]] = []
    none_of: list[str] = []
    kept: list[str] = []
    at = 0
    for term in _TERM.finditer(query):
        if _is_within_quotes(query, term.start()):
            continue
        names = _names(term)
        if term["no"]:
            none_of += names
        else:
            all_of.append(names)
        kept.append(query[at : term.start()])
        at = term.end()
    kept.append(query[at:])
    rest = " ".join("".join(kept).split()) if all_of or none_of else query.strip()
    return LabelSearch(rest, tuple(all_of), tuple(none_of))


async def resolve_labels(database: Database, organization: str, query: str) -> Labelled:
    """Give what a search's labels narrow it to, as Dexter's database has them now."""
    search = split_labels(query)
    if not search.has_labels:
        return Labelled(search.rest, None, frozenset())
    async with database.reading() as connection:
        only = await _having_all(connection, organization, search.all_of) if search.all_of else None
        excluded = await _having_any(connection, organization, search.none_of) if search.none_of else frozenset()
    return Labelled(search.rest, None if only is None else only - excluded, excluded)


async def _having_all(
    connection: AsyncConnection, organization: str, choices: tuple[tuple[str, ...], ...]
) -> frozenset[str]:
    found = [await _having_any(connection, organization, names) for names in choices]
    return frozenset.intersection(*found)


async def _having_any(connection: AsyncConnection, organization: str, names: tuple[str, ...]) -> frozenset[str]:
    # Imported with the database, which is after the gateway's door is open.
    from dexter.database.labels import issues_labelled

    return frozenset(await issues_labelled(connection, organization, names))


def _names(term: re.Match[str]) -> tuple[str, ...]:
    if term["any"] is not None:
        names = [quoted or plain for quoted, plain in _NAME.findall(term["any"])]
    else:
        names = [term["quoted"] or term["plain"] or ""]
    names = [name.strip() for name in names if name.strip()]
    if not names:
        raise BadRequest(
            "label: names no label.", remedy='Write label:NAME, label:"TWO WORDS", or label:[ONE, ANOTHER].'
        )
    return tuple(names)


def _is_within_quotes(query: str, at: int) -> bool:
    return any(quote.start() < at < quote.end() for quote in _QUOTED.finditer(query))
