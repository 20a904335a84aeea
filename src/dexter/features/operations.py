"""Sentry's operations by their key in the catalog, for features whose calls are no mappings of Dexter's.

An empty success, as writes give it, reads as null.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.table import operation
from dexter.catalog.template import fill
from dexter.errors import Garbled, NotFound
from dexter.policy.capabilities import route_is_missing
from dexter.policy.link_header import next_cursor
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.features.reply import Reply
    from dexter.features.sentry import Query, Sentry
    from dexter.wire import Answer, Call, Send

ORG = "/api/0/organizations/{organization_id_or_slug}"
ISSUE = f"{ORG}/issues/{{issue_id}}"


class MissingRoute(NotFound):
    """The server answers as one does that has no such address, rather than no such thing."""


async def do(
    sentry: Sentry, key: str, values: Mapping[str, str] | None = None, query: Query = (), document: Any = None
) -> Any:
    """Give what an operation answers, parsed; None for an empty answer.

    Raises MissingRoute where the server has no such address, else the error that a failure stands for.
    """
    return (await reply_of(sentry, key, values, query, document)).document()


async def reply_of(
    sentry: Sentry, key: str, values: Mapping[str, str] | None = None, query: Query = (), document: Any = None
) -> Reply:
    """Give the reply to an operation; `organization_id_or_slug` need not be among the values."""
    known = operation(key)
    params = {"organization_id_or_slug": sentry.organization, **(values or {})}
    params = {name: value for name, value in params.items() if f"{{{name}}}" in known.path}
    body = None if document is None else msgspec.json.encode(document)
    headers = () if body is None else (("Content-Type", "application/json"),)
    asking = replace(sentry, send=_telling(sentry.send))
    return await asking.ask(endpoint_for(known), fill(known.path, params), params, query, headers=headers, body=body)


async def every(
    sentry: Sentry, key: str, values: Mapping[str, str] | None = None, query: Query = (), *, pages: int
) -> list[dict[str, Any]]:
    """Give the rows of a list, of as many pages as permitted at most."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(pages):
        reply = await reply_of(sentry, key, values, (*query, *((("cursor", cursor),) if cursor else ())))
        rows = reply.document()
        if not isinstance(rows, list):
            raise Garbled("Sentry answered, but not with a list.")
        found += (row for row in rows if isinstance(row, dict))
        cursor = next_cursor(header(reply.headers, "link"))
        if cursor is None:
            break
    return found


def _telling(send: Send) -> Send:
    """Give a way that tells missing addresses from missing things, and gives null for nothing."""

    async def sent(call: Call) -> Answer:
        answer = await send(call)
        if not isinstance(answer.body, bytes):
            return answer
        if answer.status in (404, 405, 410) and (answer.status == 405 or route_is_missing(answer.status, answer.body)):
            raise MissingRoute("This Sentry has no such address.")
        return replace(answer, body=b"null") if not answer.body and 200 <= answer.status < 300 else answer

    return sent
