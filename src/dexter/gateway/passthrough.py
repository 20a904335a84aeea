"""The drop-in face: `/api/0/...` answers as Sentry does, through the stack.

Paths, trailing slashes, status codes, headers and bodies are Sentry's. Only its API addresses become the gateway's own
(see `rewrite`), and only Dexter's errors are its own words, in Sentry's form.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from dexter.catalog.endpoints import UNKNOWN
from dexter.errors import CallerError, DexterError, DexterFault, Garbled, NotFound, TooLarge, UpstreamError
from dexter.gateway import sentry_errors
from dexter.gateway.forwarding import as_sent, decoded, encoded, to_client, to_sentry, wants_no_cache
from dexter.gateway.rewrite import fields_of, own_body, own_headers
from dexter.observe.records import AnswerServed, Observer, tell
from dexter.policy.cache_status import age_s, cache_status
from dexter.policy.outcome import declares_json
from dexter.upstream.bodies import close_body
from dexter.upstream.clock import Clock, SystemClock
from dexter.wire import Answer, Body, Call, Credential, Endpoint, Headers, Identity, Send, header

if TYPE_CHECKING:
    from dexter.catalog.router import Router
    from dexter.upstream.upstream import Upstream

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Respond = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Respond], Awaitable[None]]

FACE = "/api/0"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Caller(Protocol):
    """Who calls, as far as this face must know."""

    @property
    def identity(self) -> Identity:
        """Give whose rights the answer is made with."""

    @property
    def credential(self) -> Credential:
        """Give what is shown to Sentry."""


class Admit(Protocol):
    """Decides who calls and whether they may: identity, CSRF and permission in one question."""

    def __call__(self, method: str, headers: Headers, endpoint: Endpoint) -> Caller:
        """Give the caller. Raises Unauthenticated, Forbidden or BadRequest, which are answered in Sentry's form."""


@dataclass(frozen=True, slots=True)
class PassthroughOptions:
    """Limits of this face."""

    request_s: float = 30.0
    """How long a request may take; uploads and downloads that make progress may take longer."""
    small_body_bytes: int = 64 * 1024
    """Up to which declared size a request's body is read before it is sent on; larger ones stream."""
    largest_upload_bytes: int = 2 * 1024 * 1024 * 1024
    """The largest request body that is passed on."""
    longest_target: int = 64 * 1024
    """The longest path and query that are passed on."""


class CallerGone(Exception):
    """The client closed its connection; nobody is left to answer."""


class TargetTooLong(CallerError):
    """The path and query exceed the stated limit."""

    status = 414
    remedy = "Shorten the query."


class MethodNotAllowed(CallerError):
    """The method is none that may be passed on."""

    status = 405


class Passthrough:
    """An ASGI application for everything below `/api/0/`."""

    def __init__(
        self,
        send: Send,
        upstream: Upstream,
        router: Router[Endpoint],
        admit: Admit,
        own_base: Callable[[Scope], str],
        clock: Clock,
        options: PassthroughOptions,
        observers: tuple[Observer, ...],
    ) -> None:
        self._send = send
        self._upstream = upstream
        self._router = router
        self._admit = admit
        self._own_base = own_base
        self._clock = clock
        self._options = options
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Respond) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send, time.perf_counter())
        endpoint, params = self._match(scope)
        try:
            call = self._call(exchange, endpoint, params)
            call = replace(call, body=await exchange.body(self._options))
            answer = await self._send(call)
        except CallerGone:
            return
        except DexterError as error:
            await self._refuse(exchange, endpoint, error)
            return
        except Exception:
            logging.getLogger("dexter.gateway").exception("passthrough_failed")
            await self._refuse(exchange, endpoint, DexterFault("Dexter failed at this request."))
            return
        await self._answer(exchange, call, answer)

    def _match(self, scope: Scope) -> tuple[Endpoint, dict[str, str]]:
        method, path = scope["method"], _decoded_path(scope)
        if method == "HEAD":
            method = "GET"
        elif method == "OPTIONS":
            # Sentry describes an address under this method; it belongs to whatever else the address answers.
            method = min(self._router.methods(path), default=method)
        return self._router.match(method, path) or (UNKNOWN, {})

    def _call(self, exchange: Exchange, endpoint: Endpoint, params: dict[str, str]) -> Call:
        if exchange.scope["method"] not in METHODS:
            raise MethodNotAllowed("The method is none that Sentry's API has.")
        path, query = exchange.target()
        if len(path) + len(query) > self._options.longest_target:
            raise TargetTooLong(f"The address is longer than {self._options.longest_target} bytes.")
        if any(segment in (".", "..") for segment in _decoded_path(exchange.scope).split("/")):
            # Whoever normalizes such a path on the way sees another address than the one that was admitted.
            raise NotFound("The address has segments that lead elsewhere.")
        method, headers = exchange.scope["method"], exchange.headers
        caller = self._admit(method, headers, endpoint)
        return Call(
            endpoint=endpoint,
            method=method,
            path=path,
            query=query,
            identity=caller.identity,
            credential=caller.credential,
            deadline=self._clock.monotonic() + self._options.request_s,
            params=tuple(params.items()),
            headers=self._request_headers(headers, endpoint, path),
            request_id=exchange.request_id,
            no_cache=wants_no_cache(headers),
            transparent=True,
        )

    def _request_headers(self, headers: Headers, endpoint: Endpoint, path: str) -> Headers:
        kept = to_sentry(headers)
        if fields_of(endpoint.template, path):
            # The body is looked into, so it must not be packed.
            return tuple((name, value) for name, value in kept if name.lower() != "accept-encoding")
        return kept

    async def _answer(self, exchange: Exchange, call: Call, answer: Answer) -> None:
        try:
            answer = await self._turned(exchange, call, answer)
        except DexterError as error:
            await close_body(answer.body)
            await self._refuse(exchange, call.endpoint, error)
            return
        self._tell(exchange, call.endpoint, answer.status, answer)
        await exchange.respond(
            answer.status, (*answer.headers, *self._own_headers(exchange, call, answer)), answer.body
        )

    async def _turned(self, exchange: Exchange, call: Call, answer: Answer) -> Answer:
        """Give the answer as the client gets it: addresses turned, unreadable errors replaced."""
        self._check_redirect(call, answer)
        base, own = self._upstream.base_url, self._own_base(exchange.scope)
        headers = own_headers(to_client(answer.headers), base, own)
        bodiless = call.method == "HEAD" or answer.status in (204, 304)
        if not bodiless and sentry_errors.unreadable(answer.status, answer.headers, empty=answer.body == b""):
            await close_body(answer.body)
            body = sentry_errors.in_its_place(answer.status, answer.headers)
            return replace(answer, headers=_as_json(headers), body=body)
        fields = fields_of(call.endpoint.template, call.path)
        if isinstance(answer.body, bytes) and not bodiless:
            body = own_body(answer.body, fields, base, own) if declares_json(answer.headers) else answer.body
            return replace(answer, headers=headers, body=body)
        return replace(answer, headers=headers if fields else _with_length(headers, answer))

    def _check_redirect(self, call: Call, answer: Answer) -> None:
        location = header(answer.headers, "location")
        if call.identity.kind != "service" or location is None or not 300 <= answer.status < 400:
            return
        if self._upstream.own_target(location, call.path) is None:
            # The client would follow with Dexter's token in its headers.
            raise Garbled("Sentry redirects to another origin, where Dexter's token must not go.")

    def _own_headers(self, exchange: Exchange, call: Call, answer: Answer) -> Headers:
        now = self._clock.now()
        age = age_s(answer, now)
        return (
            ("X-Request-ID", exchange.request_id),
            ("Cache-Status", cache_status(answer, call.endpoint.cache, now)),
            *((("Age", str(age)),) if age is not None else ()),
            ("Server-Timing", _server_timing(exchange, answer)),
            *_harmless(answer.headers),
        )

    async def _refuse(self, exchange: Exchange, endpoint: Endpoint, error: DexterError) -> None:
        status, body = sentry_errors.of_error(error)
        self._tell(exchange, endpoint, status, None)
        headers = _as_json((("X-Request-ID", exchange.request_id), ("Cache-Status", "Dexter; fwd=bypass")))
        await exchange.respond(status, headers, body)

    def _tell(self, exchange: Exchange, endpoint: Endpoint, status: int, answer: Answer | None) -> None:
        record = AnswerServed(
            face=FACE,
            endpoint=endpoint.name,
            method=exchange.scope["method"],
            status=status,
            duration_s=exchange.elapsed_s(),
            request_id=exchange.request_id,
            outcome=answer.outcome if answer else None,
        )
        tell(self._observers, record)


class Exchange:
    """One request and its response, in ASGI's messages."""

    def __init__(self, scope: Scope, receive: Receive, send: Respond, started: float) -> None:
        self.scope = scope
        self.headers = decoded(scope["headers"])
        self.request_id = _request_id(scope)
        self._receive = receive
        self._send = send
        self._started = started

    def elapsed_s(self) -> float:
        """Give the seconds since the request came in."""
        return time.perf_counter() - self._started

    def target(self) -> tuple[str, str]:
        """Give path and query as they came."""
        raw_path = self.scope.get("raw_path") or self.scope["path"].encode()
        return as_sent(raw_path.partition(b"?")[0]), as_sent(self.scope.get("query_string", b""))

    async def body(self, options: PassthroughOptions) -> Body | None:
        """Give the request's body: none, read whole when small, or as a stream. Raises TooLarge."""
        declared = header(self.headers, "content-length")
        if declared is None and header(self.headers, "transfer-encoding") is None:
            return None
        size = int(declared) if declared and declared.isdigit() else None
        if size is not None and size > options.largest_upload_bytes:
            raise TooLarge(f"The body is larger than {options.largest_upload_bytes} bytes.")
        stream = self._incoming(options.largest_upload_bytes)
        if size is not None and size <= options.small_body_bytes:
            return b"".join([chunk async for chunk in stream]) if size else None
        return stream

    async def _incoming(self, limit: int) -> AsyncIterator[bytes]:
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"The body is larger than {limit} bytes.")
            if chunk:
                yield chunk
            more = message.get("more_body", False)

    async def respond(self, status: int, headers: Headers, body: Body) -> None:
        """Send a whole response, or a stream until its end or the client's leaving."""
        if isinstance(body, bytes):
            unsized = self.is_head() or status in (204, 304)
            await self._start(status, headers if unsized else _sized(headers, body))
            await self._send({"type": "http.response.body", "body": b"" if self.is_head() else body})
            return
        try:
            await self._start(status, headers)
            await self._stream(body)
        finally:
            await close_body(body)

    def is_head(self) -> bool:
        """Whether the client wants no body."""
        return bool(self.scope["method"] == "HEAD")

    async def _start(self, status: int, headers: Headers) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": encoded(headers)})

    async def _stream(self, body: AsyncIterator[bytes]) -> None:
        gone = asyncio.ensure_future(self._gone())
        try:
            async for chunk in body:
                if gone.done():
                    return
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            await self._send({"type": "http.response.body", "body": b""})
        except UpstreamError as error:
            # The head is out: only a response that visibly breaks off tells the client that something is missing.
            logging.getLogger("dexter.gateway").warning("stream_broke_off: %s", type(error).__name__)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def build_passthrough(
    send: Send,
    upstream: Upstream,
    router: Router[Endpoint],
    admit: Admit,
    own_base: Callable[[Scope], str],
    clock: Clock | None = None,
    options: PassthroughOptions | None = None,
    observers: tuple[Observer, ...] = (),
) -> Asgi:
    """Give the ASGI application for `/api/0/...`.

    `admit` decides who calls and whether they may. `own_base` gives the gateway's own address, without a trailing
    slash, for a request whose Host has been checked.
    """
    return Passthrough(
        send, upstream, router, admit, own_base, clock or SystemClock(), options or PassthroughOptions(), observers
    )


def _decoded_path(scope: Scope) -> str:
    path: str = scope["path"]
    return path


def _request_id(scope: Scope) -> str:
    known = scope.get("state", {}).get("request_id")
    return str(known) if known else uuid.uuid4().hex


def _server_timing(exchange: Exchange, answer: Answer) -> str:
    total = f"total;dur={exchange.elapsed_s() * 1000:.1f}"
    return total if answer.upstream_s is None else f"sentry;dur={answer.upstream_s * 1000:.1f}, {total}"


def _harmless(headers: Headers) -> Headers:
    """Give what keeps a file that somebody uploaded to Sentry from acting as a page of the gateway's origin."""
    nosniff = ("X-Content-Type-Options", "nosniff")
    if declares_json(headers):
        return (nosniff,)
    return (nosniff, ("Content-Security-Policy", "sandbox; default-src 'none'"))


def _as_json(headers: Headers) -> Headers:
    dropped = ("content-type", "content-encoding", "content-length", "content-disposition", "etag")
    return (
        *((name, value) for name, value in headers if name.lower() not in dropped),
        ("Content-Type", "application/json"),
    )


def _sized(headers: Headers, body: bytes) -> Headers:
    return (*headers, ("Content-Length", str(len(body))))


def _with_length(headers: Headers, answer: Answer) -> Headers:
    """Keep Sentry's own length where the body is not at hand: of a stream, and of what HEAD would have got."""
    length = header(answer.headers, "content-length")
    return headers if length is None or answer.status in (204, 304) else (*headers, ("Content-Length", length))
