"""The face under /api/v1: plain reads of the catalog, and the typed addresses, found by one router.

FastAPI and the models of the typed addresses take as long to import as everything else that a gateway needs to answer,
and are imported behind its start. Who asks before that is done waits for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
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
from dexter.gateway.endpoint_templates import endpoint_templates
from dexter.gateway.fast_path import HIT
from dexter.gateway.idempotency import Idempotent
from dexter.gateway.packed_answers import PackedAnswers
from dexter.gateway.problems import MethodNotAllowed
from dexter.gateway.representations import Representations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dexter.gateway.runtime import Gateway
    from dexter.observe.templates import Templates


@dataclass(frozen=True, slots=True)
class Opened:
    """What is there once everything is imported."""

    features: AsgiApp
    router: Router[Mapping_ | str]


class ApiV1:
    """Dexter's own API."""

    def __init__(self, gateway: Gateway, templates: Templates, on_imported: Callable[[], None]) -> None:
        """Stand ready to open. `templates` learns of the typed addresses then, and `on_imported` is called."""
        self._gateway = gateway
        self._on_imported = on_imported
        self._templates = templates
        self._opening: asyncio.Task[Opened] | None = None
        self._opened: Opened | None = None
        self._representations = Representations()

    def start(self) -> None:
        """Begin to open, in the running loop, so that the first who asks does not wait."""
        self._opened_soon()

    async def aclose(self) -> None:
        """Wait until nothing is being imported."""
        if self._opening is not None:
            await asyncio.wait([self._opening])

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        scope = asked_anew(scope)
        opened = self._opened
        if opened is None:
            opened = self._opened = await asyncio.shield(self._opened_soon())
        entry, values = _found(opened.router, scope)
        scope["state"]["context"] = entry if isinstance(entry, str) else entry.name
        headers = headers_of(scope)
        if isinstance(entry, str):
            # FastAPI does not know HEAD; the server leaves the body out by the request it saw itself.
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            # The body is read here, where its size is an error of ours and not one of FastAPI's.
            body = await whole_body(receive, headers)
            scope["state"]["is_head"] = scope["method"] == "HEAD"
            await opened.features({**scope, "method": method}, replaying(body, receive), send)
            return
        read = Read(entry, values, query_of(scope), headers, scope["state"]["request_id"])
        answered = await answer_read(self._gateway, self._representations, read)
        scope["state"] |= {"outcome": answered.outcome, HIT: answered.hit}
        await send_response(send, answered.response, head=scope["method"] == "HEAD")

    def _opened_soon(self) -> asyncio.Task[Opened]:
        # Importing what failed once, as with too little memory, may succeed the next time.
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._open())
        return self._opening

    async def _open(self) -> Opened:
        # This loop has requests to answer meanwhile.
        opened = await asyncio.to_thread(_imported, self._gateway)
        self._templates.update(endpoint_templates())
        self._on_imported()
        return opened


def _imported(gateway: Gateway) -> Opened:
    from dexter.gateway.feature_routes import feature_app

    features = feature_app()
    features.state.gateway = gateway
    return Opened(PackedAnswers(_remembered(gateway, features)), Router(_addresses()))


def _found(router: Router[Mapping_ | str], scope: Scope) -> tuple[Mapping_ | str, dict[str, str]]:
    method, path = scope["method"], scope["path"]
    found = router.match("GET" if method == "HEAD" else method, path)
    if found is not None:
        return found
    allowed = router.methods(path)
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
    from dexter.gateway.feature_routes import feature_addresses

    typed = {(method, path) for method, path, _ in feature_addresses()}
    for entry in mappings():
        if entry.method == "GET" and (entry.method, entry.frontend_path) not in typed:
            yield entry


def _addresses() -> Iterator[tuple[str, str, Mapping_ | str]]:
    """Give every address with its entry, or with its name where it is a typed one."""
    from dexter.gateway.feature_routes import feature_addresses

    yield from feature_addresses()
    for entry in plain_reads():
        yield entry.method, entry.frontend_path, entry
        if entry.backend_path is not None:
            yield entry.method, entry.backend_path, entry
