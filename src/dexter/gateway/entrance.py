"""The door: every request passes here, is checked, gets its id, and is handed to the face that answers for its address.

It is also the last border for errors: whatever a face raises becomes an answer in that face's form, and a fault of
Dexter's own tells the caller nothing but the id to look for in the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog

from dexter.errors import DexterError, DexterFault, NotFound
from dexter.gateway.asgi import AsgiApp, AsgiSend, Message, Receive, Response, Scope, headers_of, send_response
from dexter.gateway.fast_path import HIT, PENDING
from dexter.gateway.guard import SECURITY_HEADERS, check_host, check_origin, check_size, check_target
from dexter.gateway.passthrough import METHODS
from dexter.gateway.problems import LEGACY, SAID_OF_ERRORS, problem
from dexter.gateway.protocol import OLD_PUSH_PATHS, OLD_SOCKET_PATHS, OVERSIZED, SOCKET_PATH
from dexter.observe.present import Present, begin, identity_kind
from dexter.observe.records import AnswerServed, Observer, tell
from dexter.observe.templates import Templates
from dexter.observe.trace_ids import new_id, trace_id_of
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dexter.observe.spans import ServerSpan, Tracing
    from dexter.upstream.clock import Clock
    from dexter.wire import Headers

log = structlog.get_logger("dexter.gateway")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")

# What Sentry sends through `/api/0` may be a file of anybody's: in a browser it is inert.
_PASSED_THROUGH_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", b"sandbox; default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Faces:
    """Who answers for what: exact addresses first, then the longest prefix, then the workbench."""

    exact: Mapping[str, AsgiApp]
    passthrough: AsgiApp
    api_v1: AsgiApp
    workbench: AsgiApp

    def face(self, path: str) -> AsgiApp:
        """Give the face for a path."""
        if path in self.exact:
            return self.exact[path]
        if path.startswith(OLD_PUSH_PATHS):
            return self.exact.get(path[: path.index("/", 1) + 1], self.workbench)
        if is_passed_through(path):
            return self.passthrough
        if path == "/api/v1" or path.startswith("/api/"):
            return self.api_v1
        return self.workbench

    def socket(self, path: str) -> AsgiApp:
        """Give the face for a WebSocket's path. Raises NotFound where there is no feed."""
        face = self.exact.get(path if path == SOCKET_PATH else OLD_SOCKET_PATHS)
        if face is None:
            raise NotFound(
                "This Dexter has no feed.",
                remedy="Whoever runs it must set SENTRY_ORG and SENTRY_API_TOKEN and start it again.",
            )
        return face


FRESH_AFTER_WRITES = "fresh-after-writes"
"""The promise that nobody is given an answer from before a write as fresh once the write has returned."""

SERVER_VERSION = "/api/client-config/"
"""Sentry's one API address outside `/api/0`: what a self-hosted server says of its version."""


def is_passed_through(path: str) -> bool:
    """Whether an address is Sentry's own."""
    return path.startswith("/api/0/") or path in ("/api/0", SERVER_VERSION)


_ASK_WHO_CALLS = ("/api/", "/events", "/ws/", "/connections", *OLD_PUSH_PATHS)
"""What the addresses begin with whose answers depend on who calls."""


async def _nobody(_: str, __: Headers) -> None:
    """Recognise nobody."""


class Entrance:
    """The gateway's ASGI app."""

    def __init__(
        self,
        faces: Faces,
        *,
        bound_to: str,
        allowed_hosts: tuple[str, ...],
        clock: Clock,
        public_url: str | None = None,
        observers: tuple[Observer, ...] = (),
        tracing: Tracing | None = None,
        templates: Templates | None = None,
        suspended: Callable[[], bool] = lambda: False,
        recognise: Callable[[str, Headers], Awaitable[None]] = _nobody,
    ) -> None:
        """Stand before the faces. `templates` are the addresses of the names that faces know their endpoints by.

        `recognise` finds out who calls, for the faces to know without waiting.

        `suspended` tells whether other hosts' writes cannot be known at present; every answer says so then.
        """
        self._faces = faces
        self._bound_to = bound_to
        self._allowed_hosts = allowed_hosts
        self._public_url = public_url
        self._clock = clock
        self._observers = observers
        self._tracing = tracing
        self._templates = Templates() if templates is None else templates
        self._suspended = suspended
        self._recognise = recognise

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        if scope["type"] == "websocket":
            await self._opened(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        sender = _Sender(send, request_id, passed_through=is_passed_through(scope["path"]), suspended=self._suspended)
        if not scope["path"].startswith("/api/"):
            begin(Present())
            await self._answered(scope, receive, sender)
            return
        headers = headers_of(scope)
        if self._tracing is None:
            await self._served(scope, receive, sender, Present(trace_id_of(header(headers, "traceparent"))))
            return
        with self._tracing.server(_method(scope), headers) as span:
            present = Present(span.ids.trace_id, span.ids.traceparent())
            await self._served(scope, receive, sender, present)
            self._describe(span, scope, sender.status, present)

    async def _opened(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """Open a WebSocket, or answer why not as any other request would be answered."""
        request_id = _request_id(scope)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "context": "events"}
        scope["method"] = "GET"
        sender = _Sender(_refusing(send), request_id, passed_through=False, suspended=self._suspended)
        begin(Present())
        await self._answered(scope, receive, sender)

    async def _served(self, scope: Scope, receive: Receive, sender: _Sender, present: Present) -> None:
        """Answer a request to one of the APIs, and tell of it."""
        state, started = scope["state"], self._clock.monotonic()
        begin(present)
        sender.timing = lambda: present.server_timing(self._clock.monotonic() - started, state.get("outcome"))
        await self._answered(scope, receive, sender)
        if PENDING in state and sender.is_complete:
            state[PENDING].answered(sender.status, sender.headers, state.get(HIT))
        if not is_passed_through(scope["path"]):
            self._tell(scope, sender.status, self._clock.monotonic() - started)

    def _describe(self, span: ServerSpan, scope: Scope, status: int, present: Present) -> None:
        state = scope["state"]
        template = self._templates[state.get("endpoint") or state.get("context", "unknown")]
        facts = {
            "http.route": template,
            "dexter.request_id": state["request_id"],
            "dexter.identity_kind": present.identity_kind,
            "dexter.outcome": state.get("outcome", ""),
        }
        span.describe(f"{_method(scope)} {template}", status, {name: fact for name, fact in facts.items() if fact})

    async def _answered(self, scope: Scope, receive: Receive, sender: _Sender) -> None:
        try:
            self._check(scope)
            if scope["path"].startswith(_ASK_WHO_CALLS):
                await self._recognise(scope["method"], headers_of(scope))
            face = self._faces.face if scope["type"] == "http" else self._faces.socket
            await face(scope["path"])(scope, receive, sender)
        except DexterError as error:
            await self._answer(error, scope, sender)
        except Exception as error:
            log.exception("request_failed", request_id=scope["state"]["request_id"], method=scope["method"])
            await self._answer(DexterFault(str(error)), scope, sender)

    def _check(self, scope: Scope) -> None:
        check_size(scope["state"].get(OVERSIZED))
        if not is_passed_through(scope["path"]):
            check_target(scope.get("raw_path") or scope["path"].encode(), scope.get("query_string", b""))
        headers = headers_of(scope)
        host = header(headers, "host")
        check_host(host, bound_to=self._bound_to, allowed=self._allowed_hosts)
        check_origin(header(headers, "origin"), host, public_url=self._public_url)

    def _tell(self, scope: Scope, status: int, duration_s: float) -> None:
        state = scope["state"]
        record = AnswerServed(
            face="/api/v1",
            endpoint=state.get("context", "unknown"),
            method=_method(scope),
            status=status,
            duration_s=duration_s,
            request_id=state["request_id"],
            outcome=state.get("outcome"),
            identity_kind=identity_kind(),
        )
        tell(self._observers, record)

    async def _answer(self, error: DexterError, scope: Scope, sender: _Sender) -> None:
        if sender.is_complete:
            return
        if sender.status:
            # The status is out already; breaking off is the one honest thing left.
            raise error
        request_id = scope["state"]["request_id"]
        told = problem(
            error,
            context=scope["state"].get("context", "request"),
            now=self._clock.now(),
            request_id=request_id,
            legacy=scope["state"].get(LEGACY),
        )
        response = Response(told.status, told.body, told.headers)
        if is_passed_through(scope["path"]):
            body = msgspec.json.encode({"detail": msgspec.json.decode(told.body)["detail"]})
            kept = tuple(pair for pair in told.headers if pair[0] != "content-type")
            response = Response(told.status, body, (("content-type", "application/json"), *kept))
        sender.add(scope["state"].get(SAID_OF_ERRORS, ()))
        await send_response(sender, response, head=scope["method"] == "HEAD")


class _Sender:
    """Sends, adds what every answer carries, and knows how far an answer has come."""

    def __init__(self, send: AsgiSend, request_id: str, *, passed_through: bool, suspended: Callable[[], bool]) -> None:
        self._send = send
        self._suspended = suspended
        self._added = (
            *(_PASSED_THROUGH_HEADERS if passed_through else SECURITY_HEADERS),
            (b"x-request-id", request_id.encode()),
        )
        self.timing: Callable[[], str] | None = None
        """Gives the value of `Server-Timing` at the moment when an answer begins."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False

    def add(self, fields: tuple[tuple[bytes, bytes], ...]) -> None:
        """Have the answer carry further header fields."""
        self._added = (*self._added, *fields)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            stated = {name.lower() for name, _ in message.get("headers", ())}
            added = [pair for pair in self._added if pair[0] not in stated]
            if self._suspended():
                added.append((b"x-dexter-suspended", FRESH_AFTER_WRITES.encode()))
            if self.timing is not None:
                added.append((b"server-timing", self.timing().encode("ascii")))
            self.headers = [*message.get("headers", ()), *added]
            message = {**message, "headers": self.headers}
        else:
            self.is_complete = not message.get("more_body", False)
        await self._send(message)


def _refusing(send: AsgiSend) -> AsgiSend:
    """Give what takes an answer as the refusal of a WebSocket's handshake, by ASGI's names for it."""

    async def refuse(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return refuse


def _method(scope: Scope) -> str:
    """Give the method as metrics and spans name it: whoever invents methods must not invent series."""
    method: str = scope["method"]
    return method if method in METHODS else "other"


def _request_id(scope: Scope) -> str:
    """Give the caller's own request id when it is one, or a new one."""
    stated = header(headers_of(scope), "x-request-id") or ""
    return stated if stated and _REQUEST_ID.fullmatch(stated) else new_id()
