"""The way to Sentry for an older address, whose organization may stand in its path."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Response

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.mappings import mapping
from dexter.catalog.table import operation
from dexter.catalog.template import fill
from dexter.errors import BadRequest
from dexter.features.sentry import Query, Sentry
from dexter.gateway.asgi import headers_of, query_of
from dexter.gateway.auditing import told_account
from dexter.gateway.catalog_reads import SLUG, Pairs, Read, bind, truth_headers
from dexter.gateway.legacy.spellings import today
from dexter.gateway.requested import gateway_of, request_id_of
from dexter.gateway.shapes import encoded
from dexter.policy.link_header import next_cursor, previous_cursor
from dexter.policy.people import READS, Role
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.features.reply import Reply


def sentry_at(request: Request) -> Sentry:
    """Give the caller's way to Sentry; the organization is the path's, the query's or the configured one."""
    gateway = gateway_of(request)
    headers = headers_of(request.scope)
    caller = gateway.sentry_caller(request.method, headers)
    organization = gateway.organization(_named(request))
    if request.method not in READS:
        # What is done to several issues tells of each by itself; who may change none is told so at once.
        gateway.require(caller, Role.TRIAGER, organization)
    return gateway.sentry(caller, organization, request_id_of(request), headers, told_account(request))


def _named(request: Request) -> str | None:
    """Give the organization that a request names. Raises BadRequest for two of them, and for what names none."""
    asked = (value for name, value in today(query_of(request.scope)) if name == "organization")
    named = {value for value in (request.path_params.get("o"), *asked) if value}
    if len(named) > 1:
        raise BadRequest("The request names more than one organization.")
    for name in named:
        if not SLUG.fullmatch(name):
            raise BadRequest("organization must be a slug or an id.")
    return next(iter(named), None)


AsLegacySentry = Annotated[Sentry, Depends(sentry_at)]


async def read_entry(request: Request, sentry: Sentry, name: str, values: Mapping[str, str], pairs: Pairs) -> Reply:
    """Give the reply to a plain read of today's, asked in today's names."""
    entry = mapping(name)
    read = Read(entry, values, pairs, headers_of(request.scope), sentry.request_id)
    _, asked = bind(read, gateway_of(request))
    path, params = entry.bind({"org": sentry.organization, **values})
    return _noted(request, await sentry.ask(entry.endpoint, path, params, asked.pairs))


async def read_operation(
    request: Request, sentry: Sentry, key: str, params: Mapping[str, str], query: Query = ()
) -> Reply:
    """Give the reply to a read of an operation of Sentry's, which takes its own query."""
    known = operation(key)
    params = {"organization_id_or_slug": sentry.organization, **params}
    return _noted(request, await sentry.ask(endpoint_for(known), fill(known.path, params), params, query))


def _noted(request: Request, reply: Reply) -> Reply:
    request.scope["state"]["outcome"] = reply.answer.outcome
    return reply


def answered(request: Request, document: Any, reply: Reply | None = None) -> Response:
    """Give a document as the answer, with where it came from if it rests on a reply of Sentry's."""
    truth = () if reply is None else truth_headers(reply, now=gateway_of(request).clock.now())
    headers = dict((("cache-control", "no-store"), *truth))
    body = document if isinstance(document, bytes) else encoded(document)
    return Response(body, media_type="application/json", headers=headers)


def queried(request: Request, *permitted: str) -> Pairs:
    """Give the pairs of a query that an older address permits. Raises BadRequest for a name it never had."""
    pairs = tuple(pair for pair in query_of(request.scope) if pair[1] != "")
    for name, _ in pairs:
        if name not in permitted and name != "organization":
            raise BadRequest(f"{name[:80]!r} is not a name of this query; it takes {', '.join(permitted) or 'none'}.")
    return pairs


def cursors(reply: Reply) -> tuple[str | None, str | None]:
    """Give the cursors of the page before and the page after."""
    link = header(reply.headers, "link")
    return previous_cursor(link), next_cursor(link)
