"""Stage that makes what a write changes go from the store, before and after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dexter.observe.records import TagsPurged
from dexter.policy.outcome import changed_nothing, write_is_certain
from dexter.policy.purge import LAG_S, lagging_after, purged_by

if TYPE_CHECKING:
    from dexter.upstream.confirmations import Confirmations
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def purging(inner: Send, confirmations: Confirmations, parts: Parts) -> Send:
    """Give the stage that purges a write's tags for all identities.

    Once before it is sent, so that nothing older is given while it is under way; and once more when it is over, so
    that no read which overlapped it is stored or joined from then on. The second purge comes also when the write
    failed, timed out or its caller left, since what became of it is unknown then.

    Of a caller that Sentry has not accepted lately, only what may have changed something purges anything, and only
    afterwards: a stranger must not be able to empty the store.
    """

    async def send(call: Call) -> Answer:
        params = dict(call.params)
        tags = frozenset() if call.method in _READS else purged_by(call.endpoint, params)
        if not tags:
            return await inner(call)
        trusted = confirmations.is_confirmed(call.identity)
        entries = await parts.store.purge(tags) if trusted else 0
        status: int | None = None
        try:
            answer = await inner(call)
            status = answer.status
        finally:
            if trusted or status is None or not changed_nothing(status):
                lagging = _lagging(call, params, status)
                again = asyncio.ensure_future(parts.store.purge(tags, lagging, parts.clock.monotonic() + LAG_S))
                entries += await asyncio.shield(again)
                parts.tell(TagsPurged(call.endpoint.name, len(tags), entries))
        return answer

    return send


def _lagging(call: Call, params: dict[str, str], status: int | None) -> frozenset[str]:
    if status is not None and changed_nothing(status):
        return frozenset()
    certain = status is not None and write_is_certain(status)
    return lagging_after(call.endpoint, params, certain=certain)
