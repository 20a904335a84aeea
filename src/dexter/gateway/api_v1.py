"""The face under /api/v1: plain reads of the catalog, and the typed addresses, found by one router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.catalog.mappings import Mapping_, mappings
from dexter.catalog.router import Router
from dexter.errors import NotFound
from dexter.gateway.asgi import (
    AsgiApp,
    AsgiSend,
    Receive,
    Scope,
    headers_of,
    query_of,
    replaying,
    send_response,
    whole_body,
)
from dexter.gateway.asked_anew import asked_anew
from dexter.gateway.auditing import Audited, described
from dexter.gateway.catalog_reads import Read, answer_read
from dexter.gateway.fast_path import HIT
from dexter.gateway.feature_routes import feature_addresses, feature_app
from dexter.gateway.idempotency import Idempotent
from dexter.gateway.packed_answers import PackedAnswers
from dexter.gateway.problems import MethodNotAllowed
from dexter.gateway.representations import Representations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.gateway.runtime import Gateway


class ApiV1:
    """Dexter's own API."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        features = feature_app()
        features.state.gateway = gateway
        self._features: AsgiApp = PackedAnswers(_remembered(gateway, features))
        self._router = Router(_addresses())
        self._representations = Representations()

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        scope = asked_anew(scope)
        entry, values = self._find(scope)
        scope["state"]["context"] = entry if isinstance(entry, str) else entry.name
        headers = headers_of(scope)
        if isinstance(entry, str):
            # FastAPI does not know HEAD; the server leaves the body out by the request it saw itself.
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            # The body is read here, where its size is an error of ours and not one of FastAPI's.
            body = await whole_body(receive, headers)
            scope["state"]["is_head"] = scope["method"] == "HEAD"
            await self._features({**scope, "method": method}, replaying(body, receive), send)
            return
        read = Read(entry, values, query_of(scope), headers, scope["state"]["request_id"])
        answered = await answer_read(self._gateway, self._representations, read)
        scope["state"] |= {"outcome": answered.outcome, HIT: answered.hit}
        await send_response(send, answered.response, head=scope["method"] == "HEAD")

    def _find(self, scope: Scope) -> tuple[Mapping_ | str, dict[str, str]]:
        method, path = scope["method"], scope["path"]
        found = self._router.match("GET" if method == "HEAD" else method, path)
        if found is not None:
            return found
        allowed = self._router.methods(path)
        if not allowed:
            raise NotFound("There is no such address in Dexter's API.", remedy="See /docs for the addresses there are.")
        raise MethodNotAllowed(method, allowed)


def _remembered(gateway: Gateway, features: AsgiApp) -> AsgiApp:
    """Give the typed addresses with what remembers changes: the audit log, and before it who asks a second time."""
    identify, now, options = gateway.authenticator.identify, gateway.clock.now, gateway.options
    audited = Audited(features, gateway.database, identify, now, options.organization, described)
    return Idempotent(
        audited,
        gateway.database,
        identify,
        now,
        ttl_s=options.idempotency_ttl_s,
        request_s=options.request_deadline_s,
        secret=gateway.key,
    )


def plain_reads() -> Iterator[Mapping_]:
    """Give the entries that are answered from the catalog alone."""
    typed = {(method, path) for method, path, _ in feature_addresses()}
    for entry in mappings():
        if entry.method == "GET" and (entry.method, entry.frontend_path) not in typed:
            yield entry


def _addresses() -> Iterator[tuple[str, str, Mapping_ | str]]:
    """Give every address with its entry, or with its name where it is a typed one."""
    yield from feature_addresses()
    for entry in plain_reads():
        yield entry.method, entry.frontend_path, entry
        if entry.backend_path is not None:
            yield entry.method, entry.backend_path, entry
