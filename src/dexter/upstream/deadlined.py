"""Stage that ends a call when its caller's time is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dexter.errors import TimedOut
from dexter.policy.deadlines import remaining_s

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send


def deadlined(inner: Send, parts: Parts) -> Send:
    """Give the stage that raises TimedOut at the deadline.

    It times the way to an answer, not a streamed answer's body; and no upload, which may take as long as it makes
    progress. Both are watched chunk by chunk instead.
    """

    async def send(call: Call) -> Answer:
        if call.body is not None and not isinstance(call.body, bytes):
            return await inner(call)
        left = remaining_s(call.deadline, parts.clock.monotonic())
        if left <= 0:
            raise TimedOut("The request's time was over before Sentry could be asked.")
        try:
            async with asyncio.timeout(left):
                return await inner(call)
        except TimeoutError as error:
            raise TimedOut("Sentry did not answer within the request's time.") from error

    return send
