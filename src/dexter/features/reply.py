"""Sentry's answer as a feature uses it: its body, known to be JSON; or an error that says who must act."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.errors import DexterFault
from dexter.features.upstream_errors import garbled, upstream_error
from dexter.upstream.json_text import is_json, json_value
from dexter.wire import Answer, Call, Endpoint, Headers, Outcome, Send

if TYPE_CHECKING:
    from collections.abc import Callable


LARGEST_REMEMBERED_BYTES = 1024 * 1024
"""A larger body is read through again, rather than kept in memory for the sake of that."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A success of Sentry's. `body` is its JSON text, `taken_at` the epoch second at which it left Sentry."""

    answer: Answer
    body: bytes
    taken_at: float
    endpoint: Endpoint

    @property
    def headers(self) -> Headers:
        """Sentry's own headers."""
        return self.answer.headers

    @property
    def is_stale(self) -> bool:
        """Whether the body is older than its endpoint's answers should be."""
        return self.answer.outcome in (Outcome.STALE, Outcome.FALLBACK)

    def document(self) -> Any:
        """Give the body as Python values."""
        return json_value(self.body)


async def ask(send: Send, call: Call, clock: Callable[[], float]) -> Reply:
    """Send a call and give Sentry's success.

    Raises the error that a failure stands for, and Garbled for a success that is no JSON.
    """
    answer = await send(call)
    if not isinstance(answer.body, bytes):
        raise DexterFault("the stack streams a body to a feature, which reads whole ones")
    now = clock()
    if not 200 <= answer.status < 300:
        raise upstream_error(answer.status, answer.headers, answer.body, identity=call.identity, now=now)
    if not _reads_as_json(answer.body):
        raise garbled("something else")
    taken_at = now if answer.stored_at is None else answer.stored_at
    return Reply(answer, answer.body, taken_at, call.endpoint)


_RECENT: deque[bytes] = deque(maxlen=16)
"""The bodies that were looked at last and found good: a crowd that shares a flight shares its body, too."""


def _reads_as_json(body: bytes) -> bool:
    if any(known is body for known in _RECENT):
        return True
    if not is_json(body):
        return False
    if len(body) <= LARGEST_REMEMBERED_BYTES:
        _RECENT.append(body)
    return True
