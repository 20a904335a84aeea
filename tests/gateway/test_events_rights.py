"""Who lost the right to hear hears no more within a minute, on sockets as on streams, however they lost it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.feed_log_double import event
from tests.doubles.sentry_double import ok
from tests.gateway.test_events_socket import OWN, hearing
from tests.gateway.test_events_socket import sockets as sockets  # a fixture
from tests.gateway.test_events_stream import happens, listening
from tests.gateway.test_people import join as join  # a fixture
from tests.gateway.test_people import quick_passwords as quick_passwords  # a fixture

from dexter.gateway import events_stream
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.doubles.sentry_double import FakeClock, SentryDouble
    from tests.gateway.conftest import Visitor
    from tests.gateway.test_people import Known

    from dexter.app import Application
    from dexter.gateway.events_socket import EventsSocket


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteFeedLog]:
    """The log, as another process has it."""
    opened = SqliteFeedLog(tmp_path / FEED_FILE)
    yield opened
    await opened.aclose()


async def takes_the_role(ada: Known, operator: Visitor, clock: FakeClock, token: dict[str, Any]) -> None:
    await operator.send("PUT", f"/api/v1/people/{ada.id}/roles/acme", {"role": None})


async def disables_the_account(ada: Known, operator: Visitor, clock: FakeClock, token: dict[str, Any]) -> None:
    await operator.send("PATCH", f"/api/v1/people/{ada.id}", {"disabled": True})


async def revokes_the_token(ada: Known, operator: Visitor, clock: FakeClock, token: dict[str, Any]) -> None:
    assert (await ada.send("DELETE", f"/api/v1/tokens/{token['id']}")).status == 204


async def lets_the_token_expire(ada: Known, operator: Visitor, clock: FakeClock, token: dict[str, Any]) -> None:
    clock.pass_s(86_400)


LOSSES = [
    (takes_the_role, 4403),
    (disables_the_account, 4401),
    (revokes_the_token, 4401),
    (lets_the_token_expire, 4401),
]


@pytest.mark.parametrize(("loses", "code"), LOSSES, ids=lambda each: getattr(each, "__name__", str(each)))
async def test_whatever_somebody_loses_ends_what_they_hear(
    loses: Any,
    code: int,
    gateway: Application,
    join: Callable[..., Awaitable[Known]],
    operator: Visitor,
    clock: FakeClock,
    sockets: EventsSocket,
    log: SqliteFeedLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that stays open for days must not outlive what it was opened with."""
    monkeypatch.setattr(events_stream, "HEARTBEAT_S", 0.01)
    ada = await join(roles={"acme": "viewer"})
    wanted = {"name": "ci", "scopes": ["read"], "expires_in_days": 1}
    token = (await ada.send("POST", "/api/v1/tokens", wanted)).json()
    shown = {"x_dexter_token": token["token"]}
    async with hearing(gateway, **shown) as client, listening(gateway, **shown) as stream:
        await stream.next()
        await loses(ada, operator, clock, token)
        clock.pass_s(60)
        await sockets.look()
        await happens(log, event())
        (bye,), (closed, _) = await client.until_closed()
        assert (bye["kind"], bye["reason"], closed) == ("bye", "refused", code)
        assert (await stream.until_end())["reason"] == "refused"
        assert sockets.connected == 0


@pytest.mark.parametrize(("status", "code"), [(401, 4401), (403, 4403), (404, 4403)])
async def test_a_token_that_sentry_takes_no_more_hears_no_more(
    status: int, code: int, gateway: Application, sentry: SentryDouble, clock: FakeClock, sockets: EventsSocket
) -> None:
    """It was revoked there, where nobody tells Dexter of it."""
    sentry.will(ok(b'[{"slug":"shop"}]'), *[ok(b'{"detail":"no"}', status=status)] * 5)
    async with hearing(gateway, **OWN) as client:
        clock.pass_s(60)
        await sockets.look()
        (bye,), (closed, _) = await client.until_closed()
        assert (bye["reason"], closed) == ("refused", code)


async def test_what_waits_to_be_sent_is_looked_at_again_too(
    gateway: Application, sentry: SentryDouble, log: SqliteFeedLog, clock: FakeClock, sockets: EventsSocket
) -> None:
    """A slow reader must not be told later what it lost the right to know in between."""
    sentry.will(ok(b'[{"slug":"shop"},{"slug":"crate"}]'), ok(b'[{"slug":"shop"}]'))
    async with hearing(gateway, **OWN) as client:
        client.line.protocol.pause_writing()
        await happens(log, event(project="crate"), event())
        (waiting,) = sockets._clients
        while len(waiting.pending) < 2:
            await sockets._hub.log.wait("acme", 2, 0.01)
        clock.pass_s(60)
        await sockets.look()
        client.line.protocol.resume_writing()
        assert (await client.next())["offset"] == 2
