"""Bodies of /api/v1, around Sentry's own bytes: nothing of Sentry's is parsed to be written again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.errors import Garbled
from dexter.features.moment import iso
from dexter.gateway.ready import AgedBody
from dexter.policy.link_header import next_cursor, previous_cursor
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.features.reply import Reply


def page(reply: Reply, *, query: str | None = None) -> AgedBody:
    """Give `{data, pagination, meta}` around a list of Sentry's, at whatever age. Raises Garbled when it is none.

    `pagination.next` is null on the last page, so whoever follows it comes to an end.
    """
    if not is_list(reply):
        raise Garbled("Sentry answered, but not with the list that was asked for.")
    link = header(reply.headers, "link")
    pages = msgspec.json.encode({"next": _cursor(next_cursor(link)), "prev": _cursor(previous_cursor(link))})
    return _aged(reply, b',"pagination":' + pages, query)


def encoded(document: Any) -> bytes:
    """Give a document as JSON, with the lone surrogates that event texts may hold written as escapes."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def is_list(reply: Reply) -> bool:
    """Whether an answer is a JSON array."""
    return reply.body.lstrip()[:1] == b"["


def with_meta(reply: Reply) -> AgedBody:
    """Give `{data, meta}` around a value of Sentry's, at whatever age."""
    return _aged(reply)


def _aged(reply: Reply, between: bytes = b"", query: str | None = None) -> AgedBody:
    """Give the body around Sentry's own, with what is known of it beside: when it was, its source, the whole's size."""
    known: dict[str, Any] = {
        "stale": reply.is_stale,
        "source": reply.answer.outcome.value,
        "hits": _hits(header(reply.headers, "x-hits")),
    }
    if query is not None:
        known["query"] = query
    taken_at = msgspec.json.encode(iso(reply.taken_at))
    return AgedBody(
        before=b'{"data":',
        content=reply.body,
        between=b'%b,"meta":{"cached_at":%b,"age_s":' % (between, taken_at),
        after=b",%b}" % msgspec.json.encode(known)[1:],
    )


def _cursor(cursor: str | None) -> dict[str, str] | None:
    return None if cursor is None else {"cursor": cursor}


def _hits(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
