"""Stage that learns from every answer whether Sentry accepts the credential, and drops what was stored if not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.policy.outcome import drops_identity, proves_credential
from dexter.upstream.confirmations import INDEX, Confirmations

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send

_PROVE_NOTHING = frozenset({INDEX.name, "*"})
"""Endpoints that may answer 200 whatever the credential: the index, and those nobody knows."""


def credited(inner: Send, confirmations: Confirmations, parts: Parts) -> Send:
    """Give the stage that drops an identity's entries on 401 and 403, and takes a success as the token's proof."""

    async def send(call: Call) -> Answer:
        sent_at = parts.clock.monotonic()
        answer = await inner(call)
        if drops_identity(answer.status) and call.identity.kind != "anonymous":
            await confirmations.refused(call.identity, sent_at, call.endpoint.name, answer.status)
        elif proves_credential(answer.status) and call.endpoint.name not in _PROVE_NOTHING:
            confirmations.accepted(call.identity, sent_at)
        return answer

    return send
