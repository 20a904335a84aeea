"""Stage that sends what Sentry's quota allows: learns it from every answer, and waits rather than be refused."""

from __future__ import annotations

import zlib
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from dexter.observe.records import CallWaited, QuotaTold, RefusedByQuota
from dexter.policy.encoding import is_packed
from dexter.policy.quota_told import Overloaded, Refusal, Unexplained, done_nothing, refusal
from dexter.policy.retry import may_repeat
from dexter.upstream.admission import LEAST_S
from dexter.upstream.bodies import close_body, read_up_to
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.upstream.admission import Admission, Pass
    from dexter.upstream.parts import Parts
    from dexter.upstream.quota_book import QuotaBook
    from dexter.wire import Answer, Body, Call, Send

RESENDS = 5
"""How often a call is sent again after a 429, its caller's time permitting."""

WORTH_TELLING_S = 0.01
"""From which wait on a call counts as one that waited; asking the other processes for room takes a millisecond."""

REFUSAL_BYTES = 64 * 1024
"""The longest refusal that is read."""


class Metered:
    """A stage. A 429 that comes all the same is learned from, and the call waits and goes again where that is safe."""

    def __init__(self, inner: Send, admission: Admission, book: QuotaBook, parts: Parts) -> None:
        self._inner = inner
        self._admission = admission
        self._book = book
        self._parts = parts

    async def __call__(self, call: Call) -> Answer:
        """Give Sentry's answer. Raises RateLimited or NoPlace when the call's turn does not come in its time."""
        for _ in range(RESENDS):
            answer, why = await self._once(call)
            if why is None:
                return answer
            if not self._may_resend(call, why) or not await self._waits(call, why):
                break
            await close_body(answer.body)
        return _with_retry_after(answer, self._admission.wait_s(call))

    async def _once(self, call: Call) -> tuple[Answer, Refusal | None]:
        """Send a call when it is its turn, and give the answer, with the reason when it is a refusal."""
        held = await self._admission.enter(call)
        if held.waited_s >= WORTH_TELLING_S:
            self._parts.tell(CallWaited(call.endpoint.name, call.priority.name.lower(), held.waited_s))
        try:
            sent_at = self._parts.clock.now()
            answer = await self._inner(call)
            self._learn(held, answer, sent_at)
            if answer.status != 429:
                return answer, None
            answer = replace(answer, body=await _read(answer.body))
            why = refusal(answer.headers, _plain(answer))
            self._book.refused(held.taken, why, self._parts.clock.now())
        finally:
            self._admission.leave(held)
        self._parts.tell(RefusedByQuota(call.endpoint.name, call.method, type(why).__name__))
        return answer, why

    def _learn(self, held: Pass, answer: Answer, sent_at: float) -> None:
        left = self._book.learn(held.taken, answer.headers, sent_at, self._parts.clock.now())
        if left is not None:
            subject = held.taken.subject
            told = QuotaTold(
                subject.identity.kind,
                subject.method,
                left.limit,
                left.remaining,
                left.concurrent_limit,
                left.resets_at,
            )
            self._parts.tell(told)

    def _may_resend(self, call: Call, why: Refusal) -> bool:
        if isinstance(why, Unexplained):
            return False
        return may_repeat(call) or (done_nothing(why) and (call.body is None or isinstance(call.body, bytes)))

    async def _waits(self, call: Call, why: Refusal) -> bool:
        """Wait where the refusal is about this call alone; the queue waits for what is about its bucket."""
        left = call.deadline - self._parts.clock.monotonic() - LEAST_S
        if isinstance(why, Overloaded):
            if why.retry_after_s > left:
                return False
            await self._parts.clock.sleep(why.retry_after_s)
            return True
        return self._admission.wait_s(call) <= left


async def _read(body: Body) -> Body:
    whole, rest = await read_up_to(body, REFUSAL_BYTES)
    return whole if rest is None else rest


def _plain(answer: Answer) -> bytes:
    """Give the readable text of a refusal as far as there is one; what cannot be read says nothing."""
    if not isinstance(answer.body, bytes):
        return b""
    if not is_packed(header(answer.headers, "content-encoding")):
        return answer.body
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(answer.body, REFUSAL_BYTES)
    except zlib.error:
        return b""


def _with_retry_after(answer: Answer, wait_s: float) -> Answer:
    """Give the refusal with the time to wait, which Sentry's own limiter does not put into that header."""
    if header(answer.headers, "retry-after") is not None:
        return answer
    return replace(answer, headers=(*answer.headers, ("Retry-After", str(max(1, ceil(wait_s))))))
