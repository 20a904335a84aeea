"""With whose credential a job asks Sentry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from dexter.errors import Unauthenticated
from dexter.features.people_acting import Acting, Linked, LinkedTokenRefused
from dexter.gateway.bulk_way import bulk_way
from dexter.policy.people import Person
from dexter.upstream.clock import SystemClock
from dexter.wire import Credential, Identity, Priority

if TYPE_CHECKING:
    from dexter.features.bulk.work import WayToSentry

SERVICE = (Identity("service", "service"), Credential("Bearer service"))
ADA = Person("ada", "Ada")
LINKED = Linked(Identity("ada", "token"), Credential("Bearer ada"), {"id": "7"})


@dataclass
class Somebody:
    """Who the people are, and Dexter's own credential."""

    people: dict[str, Acting] = field(default_factory=dict)
    service = SERVICE

    async def acting(self, person_id: str) -> Acting | None:
        return self.people.get(person_id)


def way(**people: Acting) -> WayToSentry:
    known: Any = Somebody(people)
    return bulk_way(cast(Any, None), known, known, SystemClock())


async def test_a_job_goes_with_dexters_credential_behind_whoever_waits() -> None:
    """Ten thousand issues must not keep anybody from reading one."""
    sentry = await way(ada=Acting(ADA))("job", "ada", "acme")
    assert (sentry.identity, sentry.credential) == SERVICE
    assert (sentry.priority, sentry.organization, sentry.request_id) == (Priority.BULK, "acme", "job")


async def test_a_job_goes_with_the_token_that_its_person_linked() -> None:
    """Its changes carry their name at Sentry, and the marks it reads are theirs."""
    sentry = await way(ada=Acting(ADA, LINKED))("job", "ada", "acme")
    assert (sentry.identity, sentry.credential) == (LINKED.identity, LINKED.credential)


async def test_a_job_of_somebody_who_left_stops() -> None:
    """They were shut out for a reason."""
    with pytest.raises(Unauthenticated):
        await way()("job", "ada", "acme")


async def test_a_link_that_cannot_be_read_stops_the_job() -> None:
    """Nobody may be taken for another."""
    with pytest.raises(LinkedTokenRefused):
        await way(ada=Acting(ADA, unusable="the key is gone"))("job", "ada", "acme")
