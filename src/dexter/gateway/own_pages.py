"""The gateway's own addresses outside its APIs: probes, metrics and documentation."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from dexter.gateway.asgi import AsgiApp, AsgiSend, Receive, Response, Scope, send_response
from dexter.gateway.docs_page import docs_page
from dexter.gateway.entrance import FRESH_AFTER_WRITES
from dexter.gateway.probes import Reachability, health, ready
from dexter.gateway.problems import MethodNotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dexter.gateway.runtime import Gateway
from dexter.observe.metrics import CONTENT_TYPE, Metrics


def own_pages(
    gateway: Gateway, reachability: Reachability, metrics: Metrics, suspended: Callable[[], bool] = lambda: False
) -> Mapping[str, AsgiApp]:
    """Give who answers at each address."""

    def is_ready() -> Response:
        now = gateway.clock.now()
        promises = {FRESH_AFTER_WRITES} if suspended() else set[str]()
        promises.update(each.promise for each in gateway.live.promises.suspended())
        return ready(last=reachability.last, now=now, degraded=gateway.live.turned_away(), suspended=sorted(promises))

    return {
        "/health": _page(lambda: health(gateway.options.version)),
        "/ready": _page(is_ready),
        "/metrics": _page(lambda: Response(200, metrics.exposition(), (("content-type", CONTENT_TYPE),))),
        "/openapi.json": _page(_openapi),
        "/docs": _page(_docs),
    }


def _page(answer: Callable[[], Response]) -> AsgiApp:
    async def page(scope: Scope, _receive: Receive, send: AsgiSend) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(scope["method"], frozenset({"GET", "HEAD"}))
        await send_response(send, answer(), head=scope["method"] == "HEAD")

    return page


# What describes the typed addresses is imported with them, when a start is over.


@cache
def _openapi() -> Response:
    from dexter.gateway.openapi import document

    return Response(200, msgspec.json.encode(document()), (("content-type", "application/json"),))


@cache
def _docs() -> Response:
    from dexter.gateway.openapi import document

    return Response(200, docs_page(document()), (("content-type", "text/html; charset=utf-8"),))
