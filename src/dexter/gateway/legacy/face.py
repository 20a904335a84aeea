"""Stands before `/api/v1`: knows the addresses and spellings of earlier Dexters, and says which an answer is of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from dexter.catalog.router import Router
from dexter.errors import BadRequest
from dexter.gateway.asgi import AsgiApp, AsgiSend, Message, Receive, Scope, headers_of, query_of
from dexter.gateway.legacy.contract import (
    CURRENT,
    FIRST,
    ISSUE_LIST,
    ROWS,
    SECOND,
    SECOND_ISSUE_LIST,
    VERSION_HEADER,
    VERSIONS,
    Row,
    headers,
)
from dexter.gateway.legacy.spellings import check_direction, check_no_page, is_spelled_of_old, today
from dexter.gateway.problems import LEGACY, SAID_OF_ERRORS
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Mapping

Added = tuple[tuple[bytes, bytes], ...]

_CURRENT: Added = ((VERSION_HEADER.encode(), CURRENT.encode()),)
_X_CACHE = {"hit": b"HIT", "stale": b"HIT", "fallback": b"HIT", "bypass": b"BYPASS"}
FIRST_LIST = "/api/v1/organizations/{o}/projects/{p}/issues"
"""The first version's list; its statuses are spelled of old too."""
EXPORT = "/api/v1/{o}/projects/{p}/issues/export"
FILE_OF = "file_of"
"""The key in a scope's state under which stands of which project a file is."""
DISPOSITION = b"content-disposition"
_MOMENT = re.compile(rb"-(\d{8})-(\d{6})\.(\w+)")


class Legacy:
    """An ASGI app round `/api/v1`."""

    def __init__(self, inner: AsgiApp) -> None:
        self._inner = inner
        self._router = Router((row.method, row.template, row) for row in ROWS)

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        scope, told = self._recognised(scope)
        scope["state"][SAID_OF_ERRORS] = told
        await self._inner(scope, receive, _Signed(send, scope, told))

    def _recognised(self, scope: Scope) -> tuple[Scope, Added]:
        """Give a request at the address that answers it today, and what is said of the answer."""
        asked = header(headers_of(scope), VERSION_HEADER)
        if asked is not None and asked not in VERSIONS:
            raise BadRequest(f"{VERSION_HEADER} must be one of {', '.join(VERSIONS)}, not {asked[:20]!r}.")
        if scope["path"] == ISSUE_LIST and scope["method"] in ("GET", "HEAD"):
            return _listed(scope, asked or CURRENT)
        found = self._router.match("GET" if scope["method"] == "HEAD" else scope["method"], scope["path"])
        if found is None:
            return scope, _CURRENT
        row, values = found
        told = _encoded(row.version, _successor(row, values))
        scope["state"] |= {LEGACY: row.version, SAID_OF_ERRORS: told}
        return _readdressed(scope, row, values), told


def _listed(scope: Scope, version: str) -> tuple[Scope, Added]:
    try:
        pairs = query_of(scope)
    except BadRequest:
        # Whoever answers will say so, and knows what was attempted.
        return scope, _CURRENT
    if version != SECOND and not is_spelled_of_old(pairs):
        # The first version's list and today's have one shape.
        return scope, _CURRENT if version == CURRENT else _encoded(FIRST, ISSUE_LIST)
    if version == SECOND or any(name == "page" and value not in ("", "1") for name, value in pairs):
        scope["state"][LEGACY] = SECOND
        return {**scope, "path": SECOND_ISSUE_LIST}, _encoded(SECOND, ISSUE_LIST)
    told = _encoded(FIRST, ISSUE_LIST)
    scope["state"] |= {LEGACY: FIRST, SAID_OF_ERRORS: told}
    check_direction(pairs)
    return _asking(scope, today(pairs)), told


def _readdressed(scope: Scope, row: Row, values: Mapping[str, str]) -> Scope:
    if row.method != "GET" or row.template not in (EXPORT, FIRST_LIST):
        return scope
    pairs = query_of(scope)
    check_direction(pairs)
    check_no_page(pairs)
    if row.template == FIRST_LIST:
        return _asking(scope, today(pairs))
    scope["state"][FILE_OF] = values["p"]
    named = (("organization", values["o"]), ("project", values["p"]))
    return _asking({**scope, "path": "/api/v1/issues/export"}, (*today(pairs), *named))


def _asking(scope: Scope, pairs: tuple[tuple[str, str], ...]) -> Scope:
    return {**scope, "query_string": urlencode(pairs, quote_via=quote).encode()}


def _successor(row: Row, values: Mapping[str, str]) -> str:
    filled = row.successor
    for name, value in values.items():
        filled = filled.replace(f"{{{name}}}", quote(value, safe=""))
    return filled


def _encoded(version: str, successor: str) -> Added:
    return tuple((name.encode(), value.encode("latin-1")) for name, value in headers(version, successor))


class _Signed:
    """Sends an answer with the headers that say which version it is of."""

    def __init__(self, send: AsgiSend, scope: Scope, told: Added) -> None:
        self._send = send
        self._scope = scope
        self._told = told

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            told = self._told
            if LEGACY in self._scope["state"]:
                outcome = str(self._scope["state"].get("outcome") or "")
                told = (*told, (b"x-cache", _X_CACHE.get(outcome, b"MISS")))
            fields = [*message.get("headers", ()), *told]
            project = self._scope["state"].get(FILE_OF)
            if project is not None:
                fields = [(name, _file_of(project, value) if name == DISPOSITION else value) for name, value in fields]
            message = {**message, "headers": fields}
        await self._send(message)


def _file_of(project: str, disposition: bytes) -> bytes:
    """Give the old name of an export's file, with the moment that is in today's."""
    found = _MOMENT.search(disposition)
    if found is None:
        return disposition
    day, time, ending = (part.decode() for part in found.groups())
    return f'attachment; filename="sentry_issues_{quote(project)}_{day}_{time}.{ending}"'.encode()
