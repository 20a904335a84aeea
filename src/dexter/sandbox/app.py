"""The sandbox's HTTP face: match, pass the stages, authenticate, answer."""

from __future__ import annotations

import logging
import secrets
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount

import dexter.sandbox.api
import dexter.sandbox.ingest.routes  # noqa: F401 - announces ingestion
from dexter.catalog.router import Router
from dexter.catalog.table import operations
from dexter.sandbox.admin import build_admin
from dexter.sandbox.auth import demand
from dexter.sandbox.bootstrap import open_sandbox
from dexter.sandbox.clock import ShiftedClock
from dexter.sandbox.ingest.lifecycle import pass_time
from dexter.sandbox.pending_work import do_due
from dexter.sandbox.replies import SentryError, empty_reply, json_reply
from dexter.sandbox.request import Sandbox, SandboxRequest
from dexter.sandbox.routing import Handler, Stage, Target, targets
from dexter.sandbox.sampled_answers import sampled_answer
from dexter.sandbox.stages import stages
from dexter.sandbox.webhook_admin import address
from dexter.sandbox.webhooks import webhooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from dexter.sandbox.options import SandboxOptions

log = logging.getLogger("dexter.sandbox")

_TICK_S = 15.0
"""How often, at most, snoozes are looked through for those that have ended."""


def build_app(options: SandboxOptions, *, clock: Callable[[], float] = time.time) -> Starlette:
    """Give the ASGI application of one sandbox; `app.state.sandbox` is the sandbox itself."""
    sandbox = open_sandbox(options, ShiftedClock(clock))
    face = ApiFace(sandbox, stages(sandbox))
    if options.webhook_url is not None:
        webhooks(sandbox).install(address(options.webhook_url, options.webhook_secret))
    app = Starlette(routes=[Mount("/_sandbox", app=build_admin(sandbox)), Mount("/", app=face)])
    app.state.sandbox = sandbox
    return app


@cache
def _router() -> Router[Target]:
    return Router(targets(operations()))


class ApiFace:
    """The ASGI application under `/api/`: one lookup, then the stages, then the handler."""

    def __init__(self, sandbox: Sandbox, around: list[Stage]) -> None:
        self._sandbox = sandbox
        self._next_tick = 0.0
        self._router = _router()
        self._around = around
        self._unmatched = _wrap(self._no_route, around)
        self._ways: dict[str, Handler] = {}
        self._webhooks = webhooks(sandbox)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self._let_time_pass()
        # HEAD is GET whose body the server leaves out, as in Sentry.
        found = self._router.match("GET" if scope["method"] == "HEAD" else scope["method"], scope["path"])
        if found is None:
            request = SandboxRequest(self._sandbox, scope, receive, "*", {})
            way = self._unmatched
        else:
            target, params = found
            request = SandboxRequest(self._sandbox, scope, receive, target.key, params)
            way = self._way_to(target)
        try:
            response = await _answered(way, request)
            await response(scope, receive, send)
        finally:
            # Behind the answer, and also where nobody waits for it any more.
            self._webhooks.look(request.base_url)

    def _way_to(self, target: Target) -> Handler:
        """Give the handler within the stages; made when first asked for, since few of the hundreds ever are."""
        if target.key not in self._ways:
            self._ways[target.key] = _wrap(_way_to(target), self._around)
        return self._ways[target.key]

    def _let_time_pass(self) -> None:
        now = self._sandbox.clock()
        do_due(self._sandbox.db, now)
        # The admin surface may set the clock back as well as forward.
        if not self._next_tick - _TICK_S <= now < self._next_tick:
            self._next_tick = now + _TICK_S
            with self._sandbox.db.transaction():
                pass_time(self._sandbox.db, now)

    async def _no_route(self, request: SandboxRequest) -> Response:
        path = request.path
        allowed = self._router.methods(path)
        if allowed:
            body = {"detail": f'Method "{request.method}" not allowed.'}
            return json_reply(body, 405, {"Allow": ", ".join(sorted(allowed))})
        if not path.endswith("/") and self._router.methods(f"{path}/"):
            return _slash_forgotten(request)
        return empty_reply(404)


def _slash_forgotten(request: SandboxRequest) -> Response:
    info = f"Route not found, did you forget a trailing slash? try: {request.path}/"
    asked = request.headers.get("accept", "") + request.headers.get("content-type", "")
    return json_reply({"info": info}, 404) if "json" in asked else PlainTextResponse(info, 404)


def _way_to(target: Target) -> Handler:
    if target.handler is None:
        return _sampled(target)
    if target.public:
        return target.handler
    handler, scopes = target.handler, target.scopes

    async def authorized(request: SandboxRequest) -> Response:
        demand(request.actor, scopes)
        return await handler(request)

    return authorized


def _sampled(target: Target) -> Handler:
    operation = target.operation
    assert operation is not None  # noqa: S101 - a target has a handler or an operation

    async def answer(request: SandboxRequest) -> Response:
        demand(request.actor, target.scopes)
        return await sampled_answer(operation, request)

    return answer


def _wrap(handler: Handler, around: list[Stage]) -> Handler:
    for stage in reversed(around):
        handler = stage(handler)
    return handler


async def _answered(way: Handler, request: SandboxRequest) -> Response:
    try:
        return await way(request)
    except SentryError as error:
        return error.reply()
    except Exception:
        error_id = secrets.token_hex(16)
        log.exception("sandbox_fault", extra={"error_id": error_id, "operation": request.operation_key})
        body: dict[str, Any] = {"detail": "Internal Error", "errorId": error_id}
        return json_reply(body, 500)
