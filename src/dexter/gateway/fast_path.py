"""The fast path: a question whose answer stands ready is answered before a task, a scope or a route exists.

Nothing is decided here that the usual way decides otherwise. A request goes the usual way first, and when a fresh
stored answer was all it took, its answer is kept ready under everything that the request said: address, credential,
host and every other header field but those that no answer depends on. The very same request is then answered from it as
long as what can change has not: the stored answer is live (no purge, no newer one, not old), the caller's token is
confirmed, the session or the token lives and nothing was taken from its person. Anything else goes the usual way again.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from dexter.gateway.forwarding import max_age_s
from dexter.gateway.ready import Hit, Key, RawHeaders, ReadyAnswer, Tally, is_repeatable
from dexter.observe.records import AnswerServed, CallFinished, Observer, tell
from dexter.wire import Identity, Kept, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.gateway.identity import Authenticator
    from dexter.upstream.clock import Clock

FAST_PATH = "fast_path"
"""The key in the server's state under which connections find the fast path."""
PENDING = "pending"
"""The key in a scope's state under which a request waits for its answer to become ready."""
HIT = "hit"
"""The key in a scope's state under which a face says that an answer may be given again."""

MOST_ANSWERS = 2048
MOST_BYTES = 32 * 1024 * 1024
"""Bodies that the store holds anyway count too, so that this is the most, not the usual."""
TELL_EVERY_S = 0.2

_ANSWER_DEPENDS_NOT = frozenset(
    {b"user-agent", b"accept-language", b"referer", b"dnt", b"x-forwarded-for", b"x-real-ip", b"via"}
)
"""Fields that no answer depends on, and that differ from client to client."""
_OF_ONE_REQUEST = frozenset({b"x-request-id", b"traceparent", b"tracestate", b"baggage", b"sentry-trace"})
"""Fields that no stored answer depends on, and that differ from request to request."""
_OF_THE_PEER = b"x-forwarded-proto"
"""Counts only from a proxy that is trusted, so that it matters who sends it."""
_NEVER = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"range"})
"""Fields that lead a request the usual way."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")


class Peek(Protocol):
    """The store, as far as it can be asked without waiting."""

    def peek(self, key: str) -> Kept | None:
        """Give the live entry of a key from memory, or None, also when in doubt."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says, as far as answers depend on it; `request_id` is the caller's own, if any."""

    key: Key
    request_id: bytes | None
    whole: bool
    """Whether its bytes may come again just so, since it says nothing that belongs to this one request."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A request on its usual way, whose answer may be kept ready."""

    fast_path: FastPath
    asked: Asked
    headers: RawHeaders

    def answered(self, status: int, headers: RawHeaders, hit: Hit | None) -> None:
        """Keep the answer ready if it can be given again."""
        if hit is not None:
            self.fast_path.learn(self, status, headers, hit)


class FastPath:
    """Answers that stand ready, and whether they may be given now."""

    def __init__(
        self,
        store: Peek,
        authenticator: Authenticator,
        is_confirmed: Callable[[Identity], bool],
        clock: Clock,
        observers: tuple[Observer, ...],
    ) -> None:
        self._store = store
        self._authenticator = authenticator
        self._is_confirmed = is_confirmed
        self._observers = observers
        self._ready: dict[Key, ReadyAnswer] = {}
        self._tallies: dict[tuple[str, str, str, str, int], Tally] = {}
        self._bytes = 0
        self._telling: asyncio.TimerHandle | None = None
        self._ids: list[bytes] = []
        self._now = clock.now
        self._is_turn_open = False
        self._turn_began = 0.0
        self._took_s = 0.0
        self.turn = 0
        """Which turn of the loop this is. Whatever is read within a turn was sent before it began, so that what was
        found good in it once is good for all of them."""
        self.turn_at = 0.0
        """The loop's second of the turn."""
        self.whole: dict[bytes, ReadyAnswer] = {}
        """Ready answers by the bytes of a whole request."""

    def find(self, asked: Asked, defaults: RawHeaders) -> ReadyAnswer | None:
        """Give the answer that stands ready for a request, if it may be given now."""
        ready = self._ready.get(asked.key)
        return ready if ready is not None and self.is_good(ready, defaults) else None

    def is_good(self, ready: ReadyAnswer, defaults: RawHeaders) -> bool:
        """Whether an answer may be given in this turn; it is made ready for it, or forgotten."""
        now = self._now()
        if not self._may_give(ready, now):
            self.drop(ready)
            return False
        ready.renew(defaults, now)
        if not self._is_turn_open:
            self._open_turn()
        ready.turn = self.turn
        return True

    def _may_give(self, ready: ReadyAnswer, now: float) -> bool:
        """Whether an answer is live and fresh, and its caller may still have it."""
        age = now - ready.stored_at
        if not 0 <= age < ready.fresh_s or age > ready.max_age_s or self._store.peek(ready.key) is not ready.kept:
            return False
        caller = ready.caller
        if caller.identity.kind == "service":
            return self._authenticator.is_live(caller)
        return self._is_confirmed(caller.identity)

    def learn(self, pending: Pending, status: int, headers: RawHeaders, hit: Hit) -> None:
        """Keep an answer ready that just went out the usual way."""
        kept, key = hit.answer.kept, pending.asked.key
        if kept is None or hit.answer.outcome is not Outcome.HIT or not is_repeatable(status, headers, hit.body):
            return
        text = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pending.headers)
        caller = self._authenticator.identify(text)
        tally = self._tally(hit, caller.identity.kind, status)
        ready = ReadyAnswer(key, kept, hit, headers, caller, tally, max_age_s(text))
        if key in self._ready:
            self.drop(self._ready[key])
        self._ready[key] = ready
        self._bytes += ready.size_bytes
        while len(self._ready) > MOST_ANSWERS or self._bytes > MOST_BYTES:
            self.drop(next(iter(self._ready.values())))

    def remember_bytes(self, request: bytes, ready: ReadyAnswer) -> None:
        """Let the bytes of a whole request stand for what it asks, so that they need not be read again."""
        if len(self.whole) < MOST_ANSWERS and self._ready.get(ready.asked) is ready:
            self.whole[request] = ready
            ready.requests.append(request)

    def new_id(self) -> bytes:
        """Give a request id that nobody can guess; random bytes are had in one piece for many."""
        if not self._ids:
            drawn = os.urandom(4096).hex().encode()
            self._ids = [drawn[at : at + 32] for at in range(0, len(drawn), 32)]
        return self._ids.pop()

    def _open_turn(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(self._end_turn)
        self._is_turn_open = True
        self._turn_began, self.turn_at = perf_counter(), loop.time()
        if self._telling is None:
            self._telling = loop.call_later(TELL_EVERY_S, self.tell)

    def _end_turn(self) -> None:
        self.turn += 1
        self._is_turn_open = False
        self._took_s += perf_counter() - self._turn_began

    def tell(self) -> None:
        """Tell the observers what was given since they were told last."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        counted = [tally for tally in self._tallies.values() if tally.count]
        mean_s = self._took_s / max(1, sum(tally.count for tally in counted))
        for tally in counted:
            self._tell(tally, mean_s)
            tally.count = 0
        self._took_s = 0.0

    def _tell(self, tally: Tally, mean_s: float) -> None:
        tell(
            self._observers,
            CallFinished(
                tally.operation, "GET", tally.identity_kind, "", mean_s, tally.status, Outcome.HIT, count=tally.count
            ),
        )
        tell(
            self._observers,
            AnswerServed(
                tally.face,
                tally.endpoint,
                "GET",
                tally.status,
                mean_s,
                "",
                Outcome.HIT,
                count=tally.count,
                identity_kind=tally.identity_kind,
            ),
        )

    def _tally(self, hit: Hit, identity_kind: str, status: int) -> Tally:
        key = (hit.face, hit.endpoint, hit.operation, identity_kind, status)
        return self._tallies.setdefault(key, Tally(*key))

    def drop(self, ready: ReadyAnswer) -> None:
        """Forget an answer that may no longer be given."""
        if self._ready.get(ready.asked) is ready:
            del self._ready[ready.asked]
            self._bytes -= ready.size_bytes
        for request in ready.requests:
            self.whole.pop(request, None)
        ready.requests.clear()


def asked(url: bytes, headers: RawHeaders, peer: str) -> Asked | None:
    """Give what a GET request asks, or None for one that goes the usual way whatever stands ready.

    `peer` is the address that the connection comes from.
    """
    said: list[object] = [url]
    request_id, whole = None, True
    for pair in headers:
        name = pair[0]
        if name in _ANSWER_DEPENDS_NOT:
            continue
        if name in _NEVER:
            return None
        if name == _OF_THE_PEER:
            whole = False
            said += (peer, pair)
            continue
        if name not in _OF_ONE_REQUEST:
            said.append(pair)
            continue
        whole = False
        if name == b"x-request-id" and request_id is None:
            request_id = pair[1]
    if request_id is not None and not _REQUEST_ID.fullmatch(request_id):
        request_id = None
    return Asked(tuple(said), request_id, whole)
