"""Outermost stage: tells the observers how a call went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.observe.records import CallFinished

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send


def traced(inner: Send, parts: Parts) -> Send:
    """Give the stage that records every call's end, an answer or an error."""

    async def send(call: Call) -> Answer:
        started = parts.clock.monotonic()
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
                duration_s=parts.clock.monotonic() - started,
                status=answer.status if answer else None,
                outcome=answer.outcome if answer else None,
                error=error,
            )
            parts.tell(record)
        return answer

    return send
