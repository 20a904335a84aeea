"""Bodies of /api/v1, around Sentry's own bytes: nothing of Sentry's is parsed to be written again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.errors import Garbled
from dexter.features.moment import iso
from dexter.policy.link_header import next_cursor, previous_cursor
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.features.reply import Reply


def page(reply: Reply, *, now: float, query: str | None = None) -> bytes:
    """Give `{data, pagination, meta}` around a list of Sentry's. Raises Garbled when it is none.

    `pagination.next` is null on the last page, so whoever follows it comes to an end.
    """
    if not is_list(reply):
        raise Garbled("Sentry answered, but not with the list that was asked for.")
    link = header(reply.headers, "link")
    return b'{"data":%b,"pagination":%b,"meta":%b}' % (
        reply.body,
        msgspec.json.encode({"next": _cursor(next_cursor(link)), "prev": _cursor(previous_cursor(link))}),
        msgspec.json.encode(meta(reply, now=now, query=query)),
    )


def encoded(document: Any) -> bytes:
    """Give a document as JSON, with the lone surrogates that event texts may hold written as escapes."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def is_list(reply: Reply) -> bool:
    """Whether an answer is a JSON array."""
    return reply.body.lstrip()[:1] == b"["


def with_meta(reply: Reply, *, now: float) -> bytes:
    """Give `{data, meta}` around a value of Sentry's."""
    return b'{"data":%b,"meta":%b}' % (reply.body, msgspec.json.encode(meta(reply, now=now)))


def meta(reply: Reply, *, now: float, query: str | None = None) -> dict[str, Any]:
    """Give what is known of an answer beside its content: age, source, size of the whole result."""
    document: dict[str, Any] = {
        "cached_at": iso(reply.taken_at),
        "age_s": round(max(0.0, now - reply.taken_at), 3),
        "stale": reply.is_stale,
        "source": reply.answer.outcome.value,
        "hits": _hits(header(reply.headers, "x-hits")),
    }
    return document if query is None else document | {"query": query}


def _cursor(cursor: str | None) -> dict[str, str] | None:
    return None if cursor is None else {"cursor": cursor}


def _hits(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
