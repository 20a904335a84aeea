"""What callers are told when Sentry cannot serve them now, on both faces; and who may wait behind others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import JSON, FakeClock, SentryDouble, ok

from dexter.errors import CircuitOpen, DexterError, Forbidden, RateLimited, TimedOut, Unreachable
from dexter.gateway.forwarding import lowered
from dexter.gateway.retry_after import retry_after
from dexter.wire import Answer, Priority

from .conftest import ACCESS_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Visitor

NOW = 1_700_000_000.0
V1 = "/api/v1/projects"
API0 = "/api/0/organizations/acme/projects/"
OPEN = CircuitOpen(
    "x", call_class="read-issues", since=NOW, probe_at=NOW + 40, last_failure="TimedOut", retry_after_s=39.2
)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RateLimited("x", until=NOW + 7), "7"),
        (RateLimited("x", until=NOW + 7.01), "8"),
        (RateLimited("x", until=NOW - 1), "1"),
        (OPEN, "40"),
        (Unreachable("x"), "5"),
        (TimedOut("x"), "5"),
        (Forbidden("x"), None),
    ],
)
def test_when_another_try_makes_sense(error: DexterError, seconds: str | None) -> None:
    """Never too early: who obeys it must not be refused again."""
    assert dict(retry_after(error, NOW)).get("retry-after") == seconds


@pytest.mark.parametrize(
    ("asked", "priority"),
    [
        ("bulk", Priority.BULK),
        ("REALTIME", Priority.REALTIME),
        (" prefetch ", Priority.PREFETCH),
        ("interactive", Priority.REALTIME),
        ("urgent", Priority.REALTIME),
        ("", Priority.REALTIME),
    ],
)
def test_a_caller_may_only_lower_its_priority(asked: str, priority: Priority) -> None:
    """Otherwise every script would call itself a person."""
    assert lowered(Priority.REALTIME, (("X-Dexter-Priority", asked),)) is priority


@pytest.mark.parametrize("address", [V1, API0])
async def test_the_priority_reaches_the_stack_and_never_sentry(
    visitor: Callable[..., Visitor], sentry: SentryDouble, address: str
) -> None:
    """It is a word between a caller and Dexter."""
    await visitor(x_dexter_token=ACCESS_TOKEN, x_dexter_priority="bulk").get(address)
    (asked,) = sentry.calls
    assert asked.priority is Priority.BULK
    assert not [name for name, _ in asked.headers if name.lower().startswith("x-dexter")]


@pytest.mark.parametrize("address", [V1, API0])
@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Unreachable("no way"), 502),
        (TimedOut("slow"), 504),
        (ok(b"busy", status=503, headers=(("Content-Type", "text/plain"), ("Retry-After", "9"))), 503),
    ],
)
async def test_trouble_says_when_to_come_back(
    operator: Visitor, sentry: SentryDouble, address: str, trouble: Answer | Exception, status: int
) -> None:
    """Sentry's own word where it has one."""
    sentry.will(trouble)
    reply = await operator.get(address)
    assert reply.status == status
    assert reply.headers["retry-after"] == ("9" if status == 503 else "5")


@pytest.mark.parametrize("environment", [{"DEXTER_BREAKER_THRESHOLD": "2"}], indirect=True)
async def test_an_open_breaker_says_what_it_knows_on_both_faces(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """At once, without asking Sentry; and the probe after the recovery time closes it."""
    sentry.will(TimedOut("slow"))
    # Each asks something else: who asks the same soon after waits for the flight before to be over.
    for address in (V1, f"{API0}?n=1"):
        assert (await operator.get(address)).status == 504
    clock.pass_s(20.0)
    own, sentrys = await operator.get("/api/v1/teams"), await operator.get(f"{API0}?n=2")
    assert (own.status, sentrys.status, len(sentry.calls)) == (503, 503, 2)
    assert own.headers["retry-after"] == sentrys.headers["retry-after"] == "40"
    assert own.json()["breaker"]["class"] == "read-other"
    assert own.json()["breaker"]["last_failure"] == "TimedOut"
    assert own.json()["breaker"]["since"] < own.json()["breaker"]["next_probe"]
    # The workbench knows it by these words (web/src/core/leftAlone.ts).
    assert sentrys.json()["detail"].startswith("Sentry failed several times in a row at other reads ")
    sentry.will(ok(b"[]"))
    clock.pass_s(40.0)
    assert (await operator.get("/api/v1/members")).status == 200
    assert (await operator.get(f"{API0}?n=3")).status == 200


async def test_a_spent_quota_is_429_with_the_exact_wait_on_both_faces(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """The window ends in a minute, which is longer than a request may take: then it is said at once."""
    reset = str(int(clock.now()) + 60)
    told = (("X-Sentry-Rate-Limit-Limit", "3"), ("X-Sentry-Rate-Limit-Remaining", "0"))
    sentry.will(ok(b"[]", headers=(*JSON, *told, ("X-Sentry-Rate-Limit-Reset", reset))))
    assert (await operator.get(V1)).status == 200
    own, sentrys = await operator.get("/api/v1/teams"), await operator.get("/api/0/organizations/acme/teams/")
    assert (own.status, sentrys.status, len(sentry.calls)) == (429, 429, 1)
    assert own.headers["retry-after"] == sentrys.headers["retry-after"] == "60"
    assert "detail" in sentrys.json()
