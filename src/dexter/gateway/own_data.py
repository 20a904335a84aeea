"""What a typed route about Dexter's own data is given: who asks, for which organization, and the database."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Response

from dexter.database.deliveries import FEED
from dexter.errors import Forbidden
from dexter.features.moment import iso
from dexter.features.sentry import Sentry  # noqa: TC001 - see above
from dexter.gateway.auditing import noted
from dexter.gateway.requested import gateway_of, sentry_of
from dexter.gateway.shapes import encoded
from dexter.policy.people import Person, Role

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database


@dataclass(frozen=True, slots=True)
class Own:
    """One request about labels, notes or views: the person behind it, and their way to Sentry."""

    database: Database
    sentry: Sentry
    person: Person
    request: Request

    @property
    def organization(self) -> str:
        """The organization that it is about."""
        return self.sentry.organization

    @property
    def is_admin(self) -> bool:
        """Whether the person administers the organization, and so what others made in it."""
        return self.person.role_in(self.organization) is Role.ADMIN

    def now(self) -> datetime:
        """Give the moment that is written down."""
        # The database's libraries are imported with it, which is after the gateway's door is open.
        from dexter.database.columns import at

        return at(self.sentry.clock())

    async def exists(self, connection: AsyncConnection) -> None:
        """See to it that the person is in the database, whose rows may name them."""
        from dexter.database.people import ensure_built_in

        # The administrator that every Dexter has is written down when somebody first needs them there.
        if self.person.built_in:
            await ensure_built_in(connection, self.sentry.clock())

    async def tell(self, connection: AsyncConnection, *, before: Any = None, after: Any = None) -> None:
        """Tell the audit log what was there before, and what is there now, in the transaction that changes it."""
        entry = noted(self.request)
        if entry is not None:
            await entry.settle(connection, before=before, after=after)

    async def announce(self, connection: AsyncConnection, issue: str, *, before: Any, after: Any) -> None:
        """Have whoever listens told of a change of what Dexter knows of an issue, once the change is kept."""
        if before == after:
            return
        from dexter.database.outbox import put

        event = {
            "type": "issue.updated",
            "at": iso(self.sentry.clock()),
            "organization": self.organization,
            "source": "dexter",
            "issue": {"id": issue, "short_id": "", "title": ""},
            "actor": {"type": "person", "id": self.person.id, "name": self.person.name},
            "before": before,
            "after": after,
        }
        await put(connection, FEED, event)


def own_of(request: Request, sentry: Annotated[Sentry, Depends(sentry_of)]) -> Own:
    """Give a request about Dexter's own data. Raises Forbidden for who comes with a Sentry token of their own."""
    if sentry.acting is None:
        raise Forbidden(
            "Labels, notes and views are Dexter's own, and a Sentry token opens none of them.",
            remedy="Sign in to Dexter, or send a token of Dexter's as X-Dexter-Token.",
        )
    return Own(gateway_of(request).database, sentry, sentry.acting.person, request)


AsOwn = Annotated[Own, Depends(own_of)]


def answered(document: Any, status: int = 200) -> Response:
    """Give an answer that is nobody's to keep."""
    return Response(encoded(document), status, media_type="application/json", headers={"cache-control": "no-store"})


def nothing() -> Response:
    """Give the answer of what is done and has nothing to show."""
    return Response(status_code=204)
