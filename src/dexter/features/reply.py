"""Sentry's answer as a feature uses it: its body, known to be JSON; or an error that says who must act."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.errors import DexterFault
from dexter.features.upstream_errors import garbled, upstream_error
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
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            # Sentry is written in Python, whose writer lets lone surrogates through that a strict reader refuses.
            return json.loads(self.body)


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
    if not _is_json(body):
        return False
    if len(body) <= LARGEST_REMEMBERED_BYTES:
        _RECENT.append(body)
    return True


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)  # checks the grammar and builds nothing
    except msgspec.DecodeError:
        try:
            json.loads(body)
        except ValueError:
            return False
    return True
