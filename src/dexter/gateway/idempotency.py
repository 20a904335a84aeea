"""`Idempotency-Key` on every change under `/api/v1`: asking again gives the answer there was, and does nothing twice.

    first time                          it is done, and its answer kept
    again, while it is under way        409, Retry-After
    again, once it was done             the same answer, `Idempotent-Replay: true`
    again, with another body            422
    again, after nothing came of it     it is done: a 4xx, 429 or 503 does not bind a key
    again, when nobody knows what       PUT, PATCH and DELETE say how things shall be, so they are done again;
    came of it (a crash, a timeout)     POST is refused with 409: look first, then use a new key

A key is the caller's own. What an answer shows once only, such as a new token, is not kept: then asking again is
answered with 409, which says that it was done.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING

import structlog

from dexter.database.claims import Claim, Kept, Standing
from dexter.database.moments import at
from dexter.errors import BadRequest, CallerError, DexterError
from dexter.gateway.asgi import (
    AsgiApp,
    AsgiSend,
    Message,
    Receive,
    Response,
    Scope,
    headers_of,
    replaying,
    send_response,
    whole_body,
)
from dexter.gateway.identity import SAFE_METHODS, Caller, Mode
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.database.engine import Database

log = structlog.get_logger("dexter.gateway")

KEY_HEADER = "idempotency-key"
REPLAY_HEADER = "idempotent-replay"
REPEATABLE = frozenset({"PUT", "PATCH", "DELETE"})
SHOWN_ONCE = frozenset(
    {"tokens.make", "session.open", "people.add", "me.password", "subscriptions.add", "subscriptions.secret"}
)
"""What may answer with a credential, which is at rest nowhere."""
LARGEST = 256 * 1024
"""The largest answer that is kept."""
RESERVE_S = 30.0
"""How much longer than a request may take its key counts as in use."""
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_NOT_KEPT = frozenset({"set-cookie", "content-length", "date", "server-timing", "x-request-id", "connection"})
_NOTHING_DONE = frozenset({429, 503})


class Conflict(CallerError):
    """The request is right, but not now: another one like it is under way, or nobody knows what came of it."""

    status = 409
    retry_after_s: float | None = None


class KeyReused(CallerError):
    """An Idempotency-Key is used for something else than the first time."""

    status = 422
    remedy = "Use a new key for a new request; a key is for sending the very same one again."


class Idempotent:
    """An ASGI app round another one. The scope's state names the action under `context`."""

    def __init__(
        self,
        inner: AsgiApp,
        database: Database,
        identify: Callable[[tuple[tuple[str, str], ...]], Caller],
        now: Callable[[], float],
        *,
        ttl_s: float,
        request_s: float,
        secret: bytes,
    ) -> None:
        self._inner = inner
        self._secret = secret
        self._database = database
        self._identify = identify
        self._now = now
        self._ttl_s = ttl_s
        self._lease_s = request_s + RESERVE_S

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        headers = headers_of(scope)
        key = header(headers, KEY_HEADER)
        if key is None or scope["method"] in SAFE_METHODS:
            await self._inner(scope, receive, send)
            return
        if not _KEY.fullmatch(key):
            raise BadRequest("Idempotency-Key must be 1 to 200 visible ASCII characters.")
        caller = self._identify(headers)
        if caller.mode is Mode.ANONYMOUS:
            await self._inner(scope, receive, send)
            return
        from dexter.database.idempotency import claim

        body = await whole_body(receive, headers)
        wanted = Claim(_owner(caller), key, fingerprint(scope, body, self._secret))
        again = scope["method"] in REPEATABLE
        found = await claim(
            self._database, wanted, at(self._now()), lease_s=self._lease_s, ttl_s=self._ttl_s, again=again
        )
        if found.standing is Standing.NEW:
            await self._do(wanted, scope, replaying(body, receive), send)
        else:
            await _answer(found.standing, found.answer, send)

    async def _do(self, wanted: Claim, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        answer = _Answer(keeps_body=scope["state"].get("context") not in SHOWN_ONCE)

        async def told(message: Message) -> None:
            answer.take(message)
            # Whoever has the whole answer and asks again is given it, whichever process they ask.
            if answer.is_complete:
                await asyncio.shield(self._settle(wanted, answer))
            await send(message)

        try:
            await self._inner(scope, receive, told)
        except DexterError as error:
            answer.status = answer.status or error.status
            raise
        finally:
            if not answer.is_settled:
                await asyncio.shield(self._settle(wanted, answer))

    async def _settle(self, wanted: Claim, answer: _Answer) -> None:
        from dexter.database.idempotency import keep, let_go, lose

        if answer.is_settled:
            return
        answer.is_settled = True
        try:
            if answer.is_complete and 0 < answer.status < 400:
                await keep(self._database, wanted, answer.kept())
            elif 400 <= answer.status < 500 or answer.status in _NOTHING_DONE:
                await let_go(self._database, wanted)
            else:
                await lose(self._database, wanted, at(self._now()))
        except DexterError:
            # The lease will run out, and then nobody knows what came of it; which is true.
            log.exception("idempotency_not_settled")


class _Answer:
    """Collects an answer on its way out."""

    def __init__(self, *, keeps_body: bool) -> None:
        self.status = 0
        self.is_complete = False
        self.is_settled = False
        self._headers: tuple[tuple[str, str], ...] = ()
        self._chunks: list[bytes] | None = [] if keeps_body else None
        self._size = 0

    def take(self, message: Message) -> None:
        """Look at one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            pairs = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"])
            self._headers = tuple(pair for pair in pairs if pair[0] not in _NOT_KEPT)
            return
        chunk = message.get("body", b"")
        self._size += len(chunk)
        if self._size > LARGEST:
            self._chunks = None
        if self._chunks is not None:
            self._chunks.append(chunk)
        self.is_complete = not message.get("more_body", False)

    def kept(self) -> Kept:
        """Give the answer as it is kept."""
        return Kept(self.status, self._headers, None if self._chunks is None else b"".join(self._chunks))


async def _answer(standing: Standing, answer: Kept | None, send: AsgiSend) -> None:
    if standing is Standing.OTHER:
        raise KeyReused("This Idempotency-Key was used for another request.")
    if standing is Standing.RUNNING:
        conflict = Conflict(
            "The request with this Idempotency-Key is still under way.", remedy="Ask again in a moment, with the key."
        )
        conflict.retry_after_s = 1.0
        raise conflict
    if standing is Standing.UNKNOWN:
        raise Conflict(
            "A request with this Idempotency-Key was begun, and it is not known what came of it.",
            remedy="Look whether it was done. If not, send it with a new key.",
        )
    if answer is None or answer.body is None:
        raise Conflict(
            "The request with this Idempotency-Key was done; its answer could not be kept.",
            remedy="Read what came of it at its own address; do not send it again.",
        )
    await send_response(send, Response(answer.status, answer.body, (*answer.headers, (REPLAY_HEADER, "true"))))


def _owner(caller: Caller) -> str:
    """Give whose a key is: a person's, through whichever browser or token, or a Sentry token's."""
    return (
        f"person:{caller.person.id}" if caller.person is not None else f"{caller.identity.kind}:{caller.identity.key}"
    )


def fingerprint(scope: Scope, body: bytes, secret: bytes) -> str:
    """Give what two requests share that ask for the same.

    It is kept, and a body may hold a password: without the secret nobody can try passwords on it.
    """
    asked = hashlib.blake2b(key=secret[: hashlib.blake2b.MAX_KEY_SIZE], digest_size=32)
    for part in (scope["method"].encode(), scope["path"].encode(), scope.get("query_string", b""), body):
        asked.update(str(len(part)).encode() + b":" + part)
    return asked.hexdigest()
