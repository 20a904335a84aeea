"""Whoever asks whatever, in whichever order and crowd, gets what Sentry answered to their own credential."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doubles.connection import Connection, Said
from tests.doubles.sentry_double import BASE, JSON, FakeClock

from dexter.app import Application, create_app
from dexter.settings import read_settings
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.breadth

ACCESS_TOKEN = "dexter-access-token"
SERVICE = "Bearer sntryu_service"
CROWD = 6


@dataclass
class Echo:
    """A Sentry whose answers say whose credential they were asked with; sometimes it breaks, always it takes time."""

    upstream: Upstream = field(default_factory=lambda: Upstream(BASE))
    is_broken: bool = False
    calls: int = 0

    async def send(self, call: Call) -> Answer:
        self.calls += 1
        await asyncio.sleep(0)
        if self.is_broken:
            return Answer(503, JSON, b'{"detail":"down"}')
        shown = {"id": "1", "who": call.credential.authorization, "where": call.path, "asked": call.query}
        is_list = call.path.endswith(("/issues/", "/events/", "/projects/", "/releases/"))
        return Answer(200, JSON, msgspec.json.encode([shown] if is_list else shown))

    async def aclose(self) -> None:
        pass


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def gateway(tmp_path: Path, echo: Echo, clock: FakeClock) -> AsyncIterator[Application]:
    environment = {
        "DEXTER_DATA_DIR": str(tmp_path),
        "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN,
        "DEXTER_ATTEMPTS": "1",
        "DEXTER_BREAKER_RECOVERY": "1s",
        "SENTRY_BASE_URL": BASE,
        "SENTRY_API_TOKEN": SERVICE.removeprefix("Bearer "),
        "SENTRY_ORG": "acme",
    }
    app = create_app(read_settings(environment), transport=echo, clock=clock)
    yield app
    await app.aclose()


OWN = st.text("abAB01_.-", min_size=1, max_size=3).map(lambda tail: f"Bearer sntryu_{tail}")
"""Sentry tokens that are easily taken for each other."""
CALLERS = st.one_of(
    OWN.map(lambda token: (("Authorization", token), token)),
    st.sampled_from([
        (("X-Dexter-Token", ACCESS_TOKEN), SERVICE),
        (("Authorization", f"Bearer {ACCESS_TOKEN}"), SERVICE),
    ]),
)  # fmt: skip
"""The header that somebody shows, and the credential that Sentry must see for it."""
TARGETS = st.sampled_from(
    [
        "/api/0/organizations/acme/issues/",
        "/api/0/organizations/acme/issues/?query=is:unresolved&limit=25",
        "/api/0/organizations/acme/issues/1/",
        "/api/0/issues/1/",
        "/api/0/organizations/acme/issues/1/events/",
        "/api/0/organizations/acme/projects/",
        "/api/v1/issues?limit=25",
        "/api/v1/issues/1",
        "/api/v1/issues/1/events/latest",
        "/api/v1/projects",
    ]
)
FIELDS = st.sampled_from(
    [(), (("Cache-Control", "no-cache"),), (("Cache-Control", "max-age=20"),), (("Accept-Encoding", "gzip"),)]
)
ASKS = st.tuples(CALLERS, TARGETS, FIELDS)


@dataclass(frozen=True)
class Round:
    """A crowd that asks at once, after some time has passed, of a Sentry that is well or broken."""

    asks: list[tuple[tuple[tuple[str, str], str], str, tuple[tuple[str, str], ...]]]
    pass_s: float
    is_broken: bool


ROUNDS = st.builds(
    Round,
    asks=st.lists(ASKS, min_size=1, max_size=CROWD),
    pass_s=st.sampled_from([0.0, 0.0, 5.0, 61.0, 400.0, 2000.0]),
    is_broken=st.sampled_from([False, False, False, True]),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(ROUNDS, min_size=2, max_size=5))
async def test_nobody_gets_what_was_answered_to_another_credential(
    rounds: list[Round], gateway: Application, echo: Echo, clock: FakeClock
) -> None:
    """Store, flights, fallbacks, the fast path and tags of answers: each must ask who asks."""
    crowd = [Connection(gateway) for _ in range(CROWD)]
    tags: dict[str, str] = {}
    for each in rounds:
        clock.pass_s(each.pass_s)
        echo.is_broken = each.is_broken
        known = dict(tags)
        told = await asyncio.gather(
            *(
                connection.get(target, caller, *fields, *_known(known, target))
                for connection, ((caller, _), target, fields) in zip(crowd, each.asks, strict=False)
            )
        )
        for said, ((_, credential), target, _) in zip(told, each.asks, strict=True):
            _check(said, credential, known.get(target))
            if said.status.startswith(b"HTTP/1.1 200") and (tag := said.header("etag")):
                tags[target] = tag
                _OWNERS[tag] = credential
    for connection in crowd:
        connection.lost()


_OWNERS: dict[str, str] = {}
"""To whom a tag was first given; an answer that names its credential has another tag for each."""


def _known(tags: dict[str, str], target: str) -> tuple[tuple[str, str], ...]:
    """Give the field by which a client says that it holds the answer with the tag that somebody was given last."""
    return (("If-None-Match", tags[target]),) if target in tags else ()


def _check(said: Said, credential: str, offered: str | None) -> None:
    status = int(said.status.split()[1])
    assert status in (200, 304, 502, 503), (said.status, said.body)
    if status == 304:
        assert offered is not None
        assert _OWNERS[offered] == credential
    if status == 200:
        owners = re.findall(rb'"who":"([^"]*)"', said.body)
        assert owners, said.body
        assert {owner.decode() for owner in owners} == {credential}


async def test_the_same_caller_shares_with_itself(gateway: Application, echo: Echo) -> None:
    """Otherwise the property above would hold of a gateway that keeps nothing."""
    connection = Connection(gateway)
    for _ in range(3):
        assert (await connection.get("/api/v1/issues", ("X-Dexter-Token", ACCESS_TOKEN))).status.endswith(b"200 OK")
    assert echo.calls == 1
    connection.lost()
