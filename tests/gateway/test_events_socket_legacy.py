"""Clients of earlier Dexters hear on, if they show who they are in a way that stays out of logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.feed_log_double import event
from tests.doubles.sentry_double import ok
from tests.doubles.socket_client import SocketClient
from tests.gateway.conftest import ACCESS_TOKEN
from tests.gateway.test_events_stream import happens

from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.doubles.sentry_double import SentryDouble
    from tests.gateway.conftest import Visitor

    from dexter.app import Application

TOKEN = {"x_dexter_token": ACCESS_TOKEN}


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteFeedLog]:
    opened = SqliteFeedLog(tmp_path / FEED_FILE)
    yield opened
    await opened.aclose()


async def test_an_old_client_subscribes_pings_and_is_pushed_what_it_knows(
    gateway: Application, operator: Visitor, log: SqliteFeedLog
) -> None:
    """Its words are those of then, for each kind of push that there was."""
    ticket = (await operator.send("POST", "/api/v1/events/ticket")).json()["ticket"]
    client = await SocketClient(gateway).open(f"/ws/browser-1?ticket={ticket}")
    assert (await client.next())["type"] == "connected"
    assert (await client.answer(type="ping"))["type"] == "pong"
    for channel in ("issues", "alerts", "issue:7"):
        assert channel in (await client.answer(type="subscribe", channel=channel))["channels"]
    await happens(log, event(), event("alert.triggered", None), event("presence", None))
    pushed = [await client.next() for _ in range(3)]
    assert [(each["type"], each["channel"]) for each in pushed] == [
        ("issue_update", "issues"),
        ("alert_trigger", "alerts"),
        ("presence_update", "issue:7"),
    ]
    assert (pushed[0]["data"]["issue"]["id"], pushed[0]["timestamp"]) == ("7", "2026-01-02T03:04:05Z")
    assert (await client.answer(type="unsubscribe", channel="issues"))["channels"] == ["alerts", "issue:7"]
    assert (await client.answer(type="subscribe", channel="weather"))["type"] == "error"
    assert (await client.answer(type="presence", issue_id=7))["type"] in ("ack", "presence_update")
    await client.leave()


@pytest.mark.parametrize(
    ("target", "headers", "code", "said"),
    [
        (f"/ws/c?token={ACCESS_TOKEN}", {}, 4400, "/api/v1/events/ticket"),
        (f"/ws/c?token={ACCESS_TOKEN}", TOKEN, 4400, "/api/v1/events/ticket"),
        ("/ws/c", {}, 4401, "no credential"),
        ("/ws/c", {"x_dexter_token": "dxt_wrong"}, 4401, "no token"),
        ("/ws/c?ticket=nonsense", {}, 4401, "ticket"),
    ],
)
async def test_an_old_client_reads_why_it_is_refused_in_the_close(
    target: str, headers: dict[str, str], code: int, said: str, gateway: Application
) -> None:
    """The old server took any token, and every proxy between wrote it down."""
    client = await SocketClient(gateway).open(target, **headers)
    found, closed = await client.until_closed()
    assert (found, closed[0], said in closed[1]) == ([], code, True)


async def test_a_foreign_page_gets_no_old_socket_either(gateway: Application) -> None:
    """The cookie of whoever looks at it would open one."""
    client = await SocketClient(gateway).open("/ws/c", **TOKEN, origin="https://evil.example")
    assert client.status == 403


async def test_an_old_client_hears_no_more_than_its_token_may(
    gateway: Application, sentry: SentryDouble, log: SqliteFeedLog
) -> None:
    """The old server told everybody everything."""
    sentry.will(ok(b'[{"slug":"crate"}]'))
    client = await SocketClient(gateway).open("/ws/c", authorization="Bearer sntryu_own")
    await client.next()
    await client.answer(type="subscribe", channel="issues")
    await happens(log, event(), event(project="crate"))
    assert (await client.next())["data"]["project"] == "crate"
    await client.leave()
