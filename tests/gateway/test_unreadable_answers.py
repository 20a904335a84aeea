"""Answers of Sentry's that nobody can read: a clear 502, never a fault of Dexter's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import ok

if TYPE_CHECKING:
    from tests.doubles.sentry_double import SentryDouble
    from tests.gateway.conftest import Visitor

NO_UTF_8 = b'[{"id":"1","title":"caf\xe9"}]'
NESTED = b"[" * 20_000 + b"]" * 20_000
READS = [
    "/api/v1/issues",
    "/api/v1/issues/1",
    "/api/v1/issues/1/events",
    "/api/v1/issues/1/events/latest",
    "/api/v1/issues/1/tags",
    "/api/v1/issues/1/stats",
    "/api/v1/issues/1/activity",
    "/api/v1/issues/1/context",
    "/api/v1/issues/1/comments",
    "/api/v1/issues/1/similar",
    "/api/v1/issues/1/owners",
    "/api/v1/projects",
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("body", [NO_UTF_8, NESTED], ids=["no UTF-8", "nested"])
async def test_it_is_said_that_sentry_gave_no_json(
    operator: Visitor, sentry: SentryDouble, path: str, body: bytes
) -> None:
    """Whoever looks for the cause must look at Sentry, or at what stands before it."""
    sentry.will(ok(body))
    answer = await operator.get(path)
    assert answer.status == 502, answer.body
    assert "remedy" in answer.json()


async def test_a_change_whose_answer_cannot_be_read_is_said_to_be_unclear(
    operator: Visitor, sentry: SentryDouble
) -> None:
    """It was made, perhaps."""
    sentry.will(ok(b'{"id":"1","status":"caf\xe9"}'))
    answer = await operator.send("PUT", "/api/v1/issues/1", {"status": "resolved"})
    assert answer.status == 502, answer.body


async def test_words_that_are_no_utf_8_say_nothing_of_sentrys_health(operator: Visitor, sentry: SentryDouble) -> None:
    """One event with a strange text must not have all events left alone."""
    sentry.will(ok(NO_UTF_8))
    statuses = {(await operator.get(f"/api/v1/issues/{number}/events/latest")).status for number in range(20)}
    assert statuses == {502}


async def test_capabilities_are_unknown_and_no_fault(operator: Visitor, sentry: SentryDouble) -> None:
    """A probe reads what it is given."""
    sentry.will(ok(NO_UTF_8))
    answer = await operator.get("/api/v1/capabilities")
    assert (answer.status, answer.json()["kind"]) == (200, "unknown")


async def test_a_sentry_client_is_given_the_bytes_as_they_came(operator: Visitor, sentry: SentryDouble) -> None:
    """Its reader may know better what they mean."""
    sentry.will(ok(NO_UTF_8))
    answer = await operator.get("/api/0/organizations/acme/issues/")
    assert (answer.status, answer.body) == (200, NO_UTF_8)
