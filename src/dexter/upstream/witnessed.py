"""Stage that shows each change which Sentry accepted, and its answer, to a witness: Dexter knows what it did itself."""

from __future__ import annotations

from collections.abc import Callable

from dexter.wire import Answer, Call, Send

Witness = Callable[[Call, Answer], None]
"""Hears of a change and must not wait; it may read a body that is whole and must leave any other alone."""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def witnessed(inner: Send, witness: Witness) -> Send:
    """Give the stage. What Sentry refused changed nothing, and what it did not answer is for the poller to find."""

    async def send(call: Call) -> Answer:
        answer = await inner(call)
        if call.method not in _READS and 200 <= answer.status < 300:
            witness(call, answer)
        return answer

    return send
