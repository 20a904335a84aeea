"""The drop-in face: `/api/0/...` answers as Sentry does, through the stack.

Paths, trailing slashes, status codes, headers and bodies are Sentry's. Only its API addresses become the gateway's own
(see `rewrite`), and only Dexter's errors are its own words, in Sentry's form.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from dexter.catalog.endpoints import UNKNOWN
from dexter.errors import CallerError, DexterError, DexterFault, Garbled, NotFound
from dexter.gateway import sentry_errors
from dexter.gateway.asked_anew import asked_anew
from dexter.gateway.exchange import CallerGone, Exchange
from dexter.gateway.fast_path import HIT
from dexter.gateway.forwarding import lowered, max_age_s, max_stale_s, to_client, to_sentry, wants_no_cache
from dexter.gateway.ready import Hit
from dexter.gateway.representations import Representations, Source, in_coding, varying, wanted
from dexter.gateway.retry_after import retry_after
from dexter.gateway.rewrite import fields_of, own_body, own_headers
from dexter.gateway.validators import named, tag_in, without_content
from dexter.observe.present import identity_kind
from dexter.observe.records import AnswerServed, Observer, tell
from dexter.policy.cache_status import age_s, cache_status
from dexter.policy.encoding import Coding, choice, coding_of
from dexter.policy.outcome import declares_json
from dexter.upstream.bodies import close_body
from dexter.upstream.clock import Clock, SystemClock
from dexter.wire import Answer, Call, Credential, Endpoint, Headers, Identity, Priority, Send, header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dexter.catalog.router import Router
    from dexter.gateway.asgi import AsgiApp, AsgiSend, Receive, Scope
    from dexter.upstream.upstream import Upstream

FACE = "/api/0"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Caller(Protocol):
    """Who calls, as far as this face must know."""

    @property
    def told_apart_by(self) -> str:
        """What tells the caller from others who share a credential; empty when nothing does."""

    @property
    def identity(self) -> Identity:
        """Give whose rights the answer is made with."""

    @property
    def credential(self) -> Credential:
        """Give what is shown to Sentry."""

    def refused(self, status: int) -> DexterError | None:
        """Give what is to be said in the place of an answer of Sentry's with this status, if anything."""


class Admit(Protocol):
    """Decides who calls and whether they may: identity, CSRF and permission in one question."""

    def __call__(self, method: str, headers: Headers, endpoint: Endpoint, params: Mapping[str, str]) -> Caller:
        """Give the caller of a path with these parameters.

        Raises Unauthenticated, Forbidden or BadRequest, which are answered in Sentry's form.
        """


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
        self._representations = Representations()

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """Answer one request."""
        endpoint, params = self._match(scope["method"], scope["path"])
        # No address of the catalog has parameters of such names; what others mean by them nobody knows.
        exchange = Exchange(scope if endpoint is UNKNOWN else asked_anew(scope), receive, send)
        exchange.state["endpoint"] = endpoint.name
        try:
            call, caller = self._call(exchange, endpoint, params)
            body = await exchange.body(self._options.small_body_bytes, self._options.largest_upload_bytes)
            answer = await self._send(call if body is None else replace(call, body=body))
            if (refusal := caller.refused(answer.status)) is not None:
                await close_body(answer.body)
                raise refusal
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

    def _match(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        if method == "HEAD":
            method = "GET"
        elif method == "OPTIONS":
            # Sentry describes an address under this method; it belongs to whatever else the address answers.
            method = min(self._router.methods(path), default=method)
        return self._router.match(method, path) or (UNKNOWN, {})

    def _call(self, exchange: Exchange, endpoint: Endpoint, params: dict[str, str]) -> tuple[Call, Caller]:
        if exchange.method not in METHODS:
            raise MethodNotAllowed("The method is none that Sentry's API has.")
        path, query = exchange.target()
        if len(path) + len(query) > self._options.longest_target:
            raise TargetTooLong(f"The address is longer than {self._options.longest_target} bytes.")
        if "/." in exchange.path and any(segment in (".", "..") for segment in exchange.path.split("/")):
            # Whoever normalizes such a path on the way sees another address than the one that was admitted.
            raise NotFound("The address has segments that lead elsewhere.")
        method, headers = exchange.method, exchange.headers
        caller = self._admit(method, headers, endpoint, params)
        call = Call(
            endpoint=endpoint,
            method=method,
            path=path,
            query=query,
            identity=caller.identity,
            credential=caller.credential,
            deadline=self._clock.monotonic() + self._options.request_s,
            params=tuple(params.items()),
            headers=self._request_headers(headers, endpoint, path),
            priority=lowered(Priority.INTERACTIVE, headers),
            request_id=exchange.request_id,
            no_cache=wants_no_cache(headers),
            max_age_s=max_age_s(headers),
            max_stale_s=max_stale_s(headers),
            person=caller.told_apart_by,
            transparent=True,
        )
        return call, caller

    def _request_headers(self, headers: Headers, endpoint: Endpoint, path: str) -> Headers:
        kept = to_sentry(headers)
        if _has_tag(endpoint):
            # Settled here, so that callers with and without a copy of their own share one answer.
            kept = tuple((name, value) for name, value in kept if name.lower() != "if-none-match")
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
        answer = await self._represented(exchange, call, answer)
        exchange.state["outcome"] = answer.outcome
        self._tell(exchange, call.endpoint, answer.status, answer)
        if answer.kept is not None and isinstance(answer.body, bytes):
            # The endpoint is Sentry's own here, for the call and for the address.
            exchange.state[HIT] = Hit(answer, call.endpoint.name, FACE, call.endpoint.name, answer.body)
        headers = (*answer.headers, *self._own_headers(exchange, call, answer))
        await exchange.respond(answer.status, headers, answer.body)

    async def _represented(self, exchange: Exchange, call: Call, answer: Answer) -> Answer:
        """Give the answer under its tag in the encoding its client takes, or none of it to one that has it already."""
        if call.method != "GET" or answer.status != 200 or not isinstance(answer.body, bytes):
            return answer
        at_hand = coding_of(header(answer.headers, "content-encoding"))
        if not _has_tag(call.endpoint) or at_hand is None:
            return answer
        # Addresses in a body are turned to where its client reached the gateway.
        label = self._own_base(exchange.scope) if fields_of(call.endpoint.template, call.path) else ""
        source = Source(answer.kept or answer.body, answer.body, at_hand, label)
        coding = _coding(exchange, answer, source)
        stated = header(answer.headers, "etag")
        tag = tag_in(stated or f'"{await self._representations.digest(source)}"', coding)
        headers = varying(_with_tag(answer.headers, tag))
        known = named(header(exchange.headers, "if-none-match"), tag)
        if known is not None:
            return replace(answer, status=304, headers=without_content(_with_tag(headers, known)), body=b"")
        body = await self._representations.whole(source, coding)
        return replace(answer, headers=in_coding(headers, coding), body=body)

    async def _turned(self, exchange: Exchange, call: Call, answer: Answer) -> Answer:
        """Give the answer as the client gets it: addresses turned, unreadable errors replaced."""
        self._check_redirect(call, answer)
        base, own = self._upstream.base_url, self._own_base(exchange.scope)
        headers = own_headers(to_client(answer.headers), base, own)
        bodiless = call.method == "HEAD" or answer.status in (204, 304)
        if not bodiless and sentry_errors.unreadable(answer.status, answer.headers, answer.body):
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
            ("Cache-Status", cache_status(answer, now)),
            *((("Age", str(age)),) if age is not None else ()),
        )

    async def _refuse(self, exchange: Exchange, endpoint: Endpoint, error: DexterError) -> None:
        status, body = sentry_errors.of_error(error)
        self._tell(exchange, endpoint, status, None)
        said = (
            ("X-Request-ID", exchange.request_id),
            ("Cache-Status", "Dexter; fwd=bypass"),
            *retry_after(error, self._clock.now()),
        )
        headers = _as_json(said if status != 401 else (*said, ("WWW-Authenticate", 'Bearer realm="api"')))
        await exchange.respond(status, headers, body)

    def _tell(self, exchange: Exchange, endpoint: Endpoint, status: int, answer: Answer | None) -> None:
        method = exchange.method
        record = AnswerServed(
            face=FACE,
            endpoint=endpoint.name,
            # A metric's label; whoever invents methods must not invent series.
            method=method if method in METHODS else "other",
            status=status,
            duration_s=exchange.elapsed_s(),
            request_id=exchange.request_id,
            outcome=answer.outcome if answer else None,
            identity_kind=identity_kind(),
        )
        tell(self._observers, record)


def build_passthrough(
    send: Send,
    upstream: Upstream,
    router: Router[Endpoint],
    admit: Admit,
    own_base: Callable[[Scope], str],
    clock: Clock | None = None,
    options: PassthroughOptions | None = None,
    observers: tuple[Observer, ...] = (),
) -> AsgiApp:
    """Give the ASGI application for `/api/0/...`.

    `admit` decides who calls and whether they may. `own_base` gives the gateway's own address, without a trailing
    slash, for a request whose Host has been checked.
    """
    return Passthrough(
        send, upstream, router, admit, own_base, clock or SystemClock(), options or PassthroughOptions(), observers
    )


def _has_tag(endpoint: Endpoint) -> bool:
    """Whether an endpoint's answers are kept, so that a client may be told that it has the one that is kept."""
    return endpoint.cache.fresh_s > 0 and not endpoint.secret


def _coding(exchange: Exchange, answer: Answer, source: Source) -> Coding:
    """Give the encoding to answer in: what comes straight from Sentry goes as it came, to whoever takes it so."""
    accept_encoding = header(exchange.headers, "accept-encoding")
    return wanted(accept_encoding, source) if answer.kept is not None else choice(accept_encoding, source.coding)


def _with_tag(headers: Headers, tag: str) -> Headers:
    return (*((name, value) for name, value in headers if name.lower() != "etag"), ("ETag", tag))


def _as_json(headers: Headers) -> Headers:
    dropped = ("content-type", "content-encoding", "content-length", "content-disposition", "etag")
    return (
        *((name, value) for name, value in headers if name.lower() not in dropped),
        ("Content-Type", "application/json"),
    )


def _with_length(headers: Headers, answer: Answer) -> Headers:
    """Keep Sentry's own length where the body is not at hand: of a stream, and of what HEAD would have got."""
    length = header(answer.headers, "content-length")
    return headers if length is None or answer.status in (204, 304) else (*headers, ("Content-Length", length))
