"""Answers that stand ready: a stored answer's head and body as bytes, but for what changes from second to second.

A ready answer is made of one that went the usual way, header by header, so that both say the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from dexter.policy.cache_status import age_s, cache_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.gateway.identity import Caller
    from dexter.wire import Answer, Kept

RawHeaders = list[tuple[bytes, bytes]]
Key = tuple[object, ...]
"""All that a request says, as far as answers depend on it."""

_MADE_ANEW = frozenset({b"age", b"cache-status", b"server-timing", b"x-request-id"})
"""Header fields that differ between two answers made of the same stored one."""
_NOT_REPEATABLE = frozenset({b"connection", b"date", b"set-cookie", b"transfer-encoding"})
WRITTEN_WHOLE_BYTES = 16 * 1024
"""Up to this size it is cheaper to copy a body behind its head than to hand both to the system."""

_DURATION = re.compile(rb"dur=[0-9.]+")


@dataclass(frozen=True, slots=True)
class AgedBody:
    """A body that says how old it is: what stands before that number, and what after it.

    `content` is the large part, kept apart so that nobody has to copy it.
    """

    before: bytes
    content: bytes
    between: bytes
    after: bytes
    seal: Callable[[bytes], bytes] | None = None
    """Makes the end of a packed body of a plain one; `content` is packed then, and nothing stands before."""

    def at(self, age: float) -> bytes:
        """Give the whole body at an age in seconds."""
        return b"".join((self.before, self.content, self.tail(age)))

    def tail(self, age: float) -> bytes:
        """Give what follows the content."""
        tail = b"%b%b%b" % (self.between, seconds(age), self.after)
        return tail if self.seal is None else self.seal(tail)


def seconds(age: float) -> bytes:
    """Give an age in seconds as JSON, to the millisecond."""
    return repr(round(max(0.0, age), 3)).encode()


@dataclass(frozen=True, slots=True)
class Hit:
    """What a face knows of an answer of its own that is made of one fresh stored answer and nothing else."""

    answer: Answer
    operation: str
    """The endpoint that the call was for."""
    face: str
    endpoint: str
    """What the face calls the address in its records."""
    body: bytes | AgedBody


@dataclass(slots=True)
class Tally:
    """How many ready answers of one kind were given since observers were last told."""

    face: str
    endpoint: str
    operation: str
    identity_kind: str
    status: int
    count: int = 0


class ReadyAnswer:
    """One answer to one question of one caller.

    What goes out is `head`, a request id, `middle`, and the pieces of `rest`.
    """

    __slots__ = (
        "_age_s",
        "_answer",
        "_body",
        "_defaults",
        "_left_s",
        "_start",
        "_static",
        "asked",
        "caller",
        "fresh_s",
        "head",
        "kept",
        "key",
        "max_age_s",
        "middle",
        "requests",
        "rest",
        "size_bytes",
        "stored_at",
        "tally",
        "turn",
    )

    def __init__(
        self,
        asked: Key,
        kept: Kept,
        hit: Hit,
        headers: RawHeaders,
        caller: Caller,
        tally: Tally,
        max_age_s: float | None,
    ) -> None:
        self.asked = asked
        self.requests: list[bytes] = []
        self.kept = kept
        self.key = kept.key
        self.caller = caller
        self.tally = tally
        self.stored_at = kept.stored_at
        self.fresh_s = hit.answer.fresh_s or 0.0
        self.max_age_s = float("inf") if max_age_s is None else max_age_s
        self.turn = -1
        """The turn of the loop in which it was last found good."""
        self._answer = hit.answer
        self._body = hit.body
        self._start = b"HTTP/1.1 %d %b\r\n" % (tally.status, _phrase(tally.status))
        aged = isinstance(hit.body, AgedBody)
        self._static = _lines([pair for pair in headers if _is_static(pair[0], aged=aged)])
        self._static += b"server-timing: %b\r\n" % _DURATION.sub(b"dur=0.0", _value(headers, b"server-timing"))
        self._defaults: RawHeaders | None = None
        self._age_s = self._left_s = -1
        self.head = self.middle = b""
        self.rest: tuple[bytes, ...] = ()
        self.size_bytes = 2 * len(self._static) + len(_content(hit.body))

    def renew(self, defaults: RawHeaders, now: float) -> None:
        """Make ready what goes out at an epoch second; `defaults` are the server's own header fields."""
        age = now - self.stored_at
        if int(age) != self._age_s or int(self.fresh_s - age) != self._left_s or defaults is not self._defaults:
            # The times in the head are whole seconds.
            self._age_s, self._left_s, self._defaults = int(age), int(self.fresh_s - age), defaults
            self._renew_head(defaults, now)
            self._lay_out(age)
        elif isinstance(self._body, AgedBody):
            self._lay_out(age)

    def _renew_head(self, defaults: RawHeaders, now: float) -> None:
        told = [(b"cache-status", cache_status(self._answer, now).encode())]
        told.append((b"age", str(age_s(self._answer, now)).encode()))
        self.head = b"%b%b%b%bx-request-id: " % (self._start, _lines(defaults), self._static, _lines(told))

    def _lay_out(self, age: float) -> None:
        start, body = b"\r\n\r\n", self._body
        rest: tuple[bytes, ...]
        if isinstance(body, AgedBody):
            tail = body.tail(age)
            length = len(body.before) + len(body.content) + len(tail)
            start, rest = b"\r\ncontent-length: %d\r\n\r\n%b" % (length, body.before), (body.content, tail)
        else:
            rest = (body,)
        if sum(map(len, rest)) < WRITTEN_WHOLE_BYTES:
            start, rest = b"".join((start, *rest)), ()
        self.middle, self.rest = start, rest


def is_repeatable(status: int, headers: RawHeaders, body: bytes | AgedBody) -> bool:
    """Whether an answer that went out can go out again: nothing in it is one request's own, and its length is known."""
    names = [name for name, _ in headers]
    if len(set(names) & _MADE_ANEW) < len(_MADE_ANEW) or not _NOT_REPEATABLE.isdisjoint(names):
        return False
    if status == HTTPStatus.NOT_MODIFIED:
        return body == b"" and b"content-length" not in names
    return isinstance(body, AgedBody) or _value(headers, b"content-length") == b"%d" % len(body)


def _is_static(name: bytes, *, aged: bool) -> bool:
    return name not in _MADE_ANEW and not (aged and name == b"content-length")


def _content(body: bytes | AgedBody) -> bytes:
    return body.content if isinstance(body, AgedBody) else body


def _value(headers: RawHeaders, wanted: bytes) -> bytes:
    return next((value for name, value in headers if name == wanted), b"")


def _lines(headers: RawHeaders) -> bytes:
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
