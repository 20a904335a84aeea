"""The way to Sentry of work that outlives its request: with Dexter's credential, or the one that its person linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.errors import Unauthenticated
from dexter.features.sentry import Sentry
from dexter.policy.people import BUILT_IN_ID
from dexter.wire import Priority

if TYPE_CHECKING:
    from dexter.features.bulk.work import WayToSentry
    from dexter.gateway.identity import Authenticator
    from dexter.gateway.logins import Logins
    from dexter.upstream.clock import Clock
    from dexter.wire import Send

CALL_S = 90.0
"""The most time one call of a job may take, its wait for quota among it. A hundred issues take Sentry a while."""


def bulk_way(send: Send, authenticator: Authenticator, logins: Logins, clock: Clock) -> WayToSentry:
    """Give how a job gets its way to Sentry, behind everybody who waits in person.

    A person who linked a token has all of a job done with it, the reading too: marks and rights are that user's.
    """

    async def way(job_id: str, person_id: str | None, organization: str) -> Sentry:
        identity, credential = authenticator.service
        acting = None if person_id is None else await logins.acting(person_id)
        if person_id is not None and acting is None:
            raise Unauthenticated(
                "Whoever asked for the job may not use Dexter any more.",
                remedy="Cancel it, and have somebody else ask for it.",
            )
        linked = None if acting is None else acting.as_linked()
        if linked is not None:
            identity, credential = linked.identity, linked.credential
        return Sentry(
            send=send,
            identity=identity,
            credential=credential,
            organization=organization,
            deadline=clock.monotonic() + CALL_S,
            clock=clock.now,
            request_id=job_id,
            no_cache=True,
            priority=Priority.BULK,
            # The built-in administrator may be many, of whom nobody here knows which one.
            person="" if person_id is None or person_id == BUILT_IN_ID else person_id,
            acting=acting,
        )

    return way
