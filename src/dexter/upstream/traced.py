"""Outermost stage: tells the observers how a call went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.observe.records import CallFinished, Observer, tell

if TYPE_CHECKING:
    from dexter.upstream.clock import Clock
    from dexter.wire import Answer, Call, Send


def traced(inner: Send, clock: Clock, observers: tuple[Observer, ...]) -> Send:
    """Give the stage that records every call's end, an answer or an error."""

    async def send(call: Call) -> Answer:
        started = clock.monotonic()
        answer, error = None, None
        try:
            answer = await inner(call)
        except BaseException as caught:
            error = type(caught).__name__
            raise
        finally:
            record = CallFinished(
                endpoint=call.endpoint.name,
                method=call.method,
                identity_kind=call.identity.kind,
                request_id=call.request_id,
                duration_s=clock.monotonic() - started,
                status=answer.status if answer else None,
                outcome=answer.outcome if answer else None,
                error=error,
            )
            tell(observers, record)
        return answer

    return send
