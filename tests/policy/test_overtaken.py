"""Whose writes a reader has to see at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.doubles.sentry_double import SERVICE, TOKEN, call

from dexter.policy.overtaken import noted_for, own_writes, wide
from dexter.wire import Call, Identity

OTHER = Identity("other", "token")


def by(person: str, identity: Identity = SERVICE) -> Call:
    return replace(call(identity=identity), person=person)


@pytest.mark.parametrize(
    ("writer", "reader", "expected"),
    [
        (by("ann"), by("ann"), True),
        (by("ann"), by("ben"), False),
        # With the token that ann linked, as the rights of her own changes ask for.
        (by("ann", TOKEN), by("ann"), True),
        (by("ann", TOKEN), by("", TOKEN), True),
        (by("", TOKEN), by("", TOKEN), True),
        (by("", TOKEN), by("", OTHER), False),
        (by("ann"), by("", TOKEN), False),
        # A script with Dexter's token may be ann's; a job whose owner is not known may be anybody's.
        (by("ann"), by(""), True),
        (by(""), by(""), True),
        (by(""), by("ben"), True),
        (by("", TOKEN), by("ben"), True),
    ],
)
@pytest.mark.parametrize("succeeded", [False, True])
def test_who_cannot_be_told_from_the_writer_counts_as_the_writer(
    writer: Call, reader: Call, expected: bool, succeeded: bool
) -> None:
    """People see their own writes; that comes before any speed."""
    noted = noted_for(writer, succeeded=succeeded)
    assert bool(noted & own_writes(reader, succeeded=succeeded)) is expected
    assert bool(noted & own_writes(reader)) is expected


def test_a_write_that_failed_is_not_noted_as_one_that_succeeded() -> None:
    """After a failure an old answer stands in; after a success it does not as long as Sentry is merely slow."""
    assert not noted_for(by("ann")) & own_writes(by("ann"), succeeded=True)


def test_a_purge_of_a_whole_organization_is_told_from_that_of_a_thing() -> None:
    """It may mean that rights changed."""
    tags = {"all", "org", "org:acme", "orgless", "issues:acme", "state:7", "identity:service:me"}
    assert wide(tags) == {"all", "org", "org:acme", "orgless"}
