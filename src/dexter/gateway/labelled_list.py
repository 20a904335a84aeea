"""The issue list where its search names labels: Dexter's own, of which Sentry knows nothing.

Sentry is asked for the issues that have them, by number, together with the rest of the search. A Sentry that does not
take numbers in a search refuses that, or passes over it and gives others: that is seen, and then the rest alone is
asked and what has the labels picked out, page after page. A page may then hold fewer than were asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dexter.errors import BadRequest, Forbidden, Garbled, NotInThisSentry
from dexter.features.label_search import Labelled, resolve_labels, split_labels
from dexter.features.moment import iso
from dexter.gateway.shapes import encoded
from dexter.policy.link_header import next_cursor, previous_cursor
from dexter.wire import Outcome, header

if TYPE_CHECKING:
    from dexter.features.reply import Reply
    from dexter.gateway.catalog_reads import Pairs, Read
    from dexter.gateway.runtime import Gateway
    from dexter.gateway.translations import Question

MOST_NUMBERS = 400
"""How many issues are asked for by number: so many still fit into an address."""
PAGES_LOOKED_THROUGH = 10


def names_labels(read: Read) -> bool:
    """Whether a request is for a list of issues by their labels. Raises BadRequest for a term without a name."""
    return read.entry.name == "issues.list" and any(
        name == "query" and split_labels(value).has_labels for name, value in read.pairs
    )


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list: its body, and the reply of Sentry's that says how old it is, None where it was not asked."""

    body: bytes
    reply: Reply | None


class Asking:
    """One way to put the list's question to Sentry: gives the reply and the search as Sentry got it."""

    def __init__(self, gateway: Gateway, read: Read) -> None:
        from dexter.gateway.catalog_reads import bind

        self._read = read
        self._gateway = gateway
        self._bind = bind
        self._query = " ".join(value for name, value in read.pairs if name == "query")
        caller = gateway.sentry_caller("GET", read.headers)
        self.organization, _ = self._bound(split_labels(self._query).rest)
        self._sentry = gateway.sentry(caller, self.organization, read.request_id, read.headers)
        if self._sentry.acting is None:
            raise Forbidden(
                "label: is Dexter's own filter, and a Sentry token does not open it.",
                remedy="Sign in to Dexter, or leave label: out.",
            )

    async def labels(self) -> Labelled:
        """Give what the search's labels narrow it to."""
        return await resolve_labels(self._gateway.database, self.organization, self._query)

    async def ask(self, query: str, cursor: str | None = None) -> tuple[Reply, str]:
        """Give Sentry's reply to another search with all else that the request says, and that search in full."""
        _, asked = self._bound(query, cursor)
        path, params = self._read.entry.bind({**self._read.values, "org": self.organization})
        return await self._sentry.ask(self._read.entry.endpoint, path, params, asked.pairs), asked.query or ""

    def _bound(self, query: str, cursor: str | None = None) -> tuple[str, Question]:
        pairs: Pairs = (*((name, value) for name, value in self._read.pairs if name != "query"), ("query", query))
        if cursor is not None:
            pairs = (*((name, value) for name, value in pairs if name != "cursor"), ("cursor", cursor))
        return self._bind(replace(self._read, pairs=pairs), self._gateway)


async def labelled_page(gateway: Gateway, read: Read) -> Page:
    """Give a page of the issues that a search with labels finds."""
    asking = Asking(gateway, read)
    labels = await asking.labels()
    if labels.only is not None and not labels.only:
        return Page(_body([], None, None, None, gateway.clock.now(), hits=0, query=labels.rest), None)
    if labels.only is not None and len(labels.only) <= MOST_NUMBERS:
        found = await _by_number(asking, labels)
        if found is not None:
            return _page(*found, gateway)
    return _page(*await _picked_out(asking, labels), gateway)


Found = tuple["Reply", list[Any], str, "int | None"]
"""The reply, its issues that have the labels, the search, and how many there are if that is known."""


async def _by_number(asking: Asking, labels: Labelled) -> Found | None:
    """Ask for the labelled issues by number; None where this Sentry does not understand that."""
    assert labels.only is not None  # noqa: S101 - looked at by the caller
    numbers = ", ".join(sorted(labels.only, key=int))
    try:
        reply, query = await asking.ask(f"issue.id:[{numbers}] {labels.rest}".strip())
    except (BadRequest, NotInThisSentry):
        # It may be the rest that is wrong: then the other way says so.
        return None
    rows = _rows(reply)
    if not all(_id(row) in labels.only for row in rows):
        return None
    hits = header(reply.headers, "x-hits")
    return reply, rows, query, int(hits) if hits and hits.isdecimal() else None


async def _picked_out(asking: Asking, labels: Labelled) -> Found:
    """Look through the pages of the rest of the search until one has an issue with the labels."""
    cursor: str | None = None
    for _ in range(PAGES_LOOKED_THROUGH):
        reply, query = await asking.ask(labels.rest, cursor)
        rows = [row for row in _rows(reply) if labels.admits(_id(row))]
        cursor = next_cursor(header(reply.headers, "link"))
        if rows or cursor is None:
            break
    return reply, rows, query, None


def _rows(reply: Reply) -> list[Any]:
    document = reply.document()
    if not isinstance(document, list):
        raise Garbled("Sentry answered, but not with the list that was asked for.")
    return document


def _id(row: Any) -> str:
    return str(row.get("id")) if isinstance(row, dict) else ""


def _page(reply: Reply, rows: list[Any], query: str, hits: int | None, gateway: Gateway) -> Page:
    link = header(reply.headers, "link")
    body = _body(rows, next_cursor(link), previous_cursor(link), reply, gateway.clock.now(), hits=hits, query=query)
    return Page(body, reply)


def _body(
    rows: list[Any], following: str | None, previous: str | None, reply: Reply | None, now: float, *,
    hits: int | None, query: str,
) -> bytes:  # fmt: skip
    taken_at = now if reply is None else reply.taken_at
    return encoded(
        {
            "data": rows,
            "pagination": {
                "next": None if following is None else {"cursor": following},
                "prev": None if previous is None else {"cursor": previous},
            },
            "meta": {
                "cached_at": iso(taken_at),
                "age_s": round(max(0.0, now - taken_at), 3),
                "stale": reply is not None and reply.is_stale,
                "source": (Outcome.MISS if reply is None else reply.answer.outcome).value,
                "hits": hits,
                "query": query,
            },
        }
    )
