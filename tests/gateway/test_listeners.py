"""How many may listen at once, what the one too many is told, and what is counted of all of them."""

from __future__ import annotations

import asyncio
import resource
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.feed_log_double import event
from tests.doubles.sentry_double import ok
from tests.doubles.socket_client import SocketClient
from tests.gateway.conftest import ACCESS_TOKEN
from tests.gateway.test_events_socket import connected, hearing
from tests.gateway.test_events_stream import happens, listening

from dexter.gateway import events_socket_client
from dexter.gateway.listeners import FILES_FOR_THE_REST, room_for_files
from dexter.stores.feed_log import FeedUnavailable
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.doubles.sentry_double import SentryDouble
    from tests.gateway.conftest import Visitor

    from dexter.app import Application

TOKEN = {"x_dexter_token": ACCESS_TOKEN}
OWN = {"authorization": "Bearer sntryu_own"}
TWO = pytest.mark.parametrize("environment", [{"DEXTER_LISTENERS": "2"}], indirect=True)
ONE_EACH = pytest.mark.parametrize("environment", [{"DEXTER_LISTENERS_EACH": "1"}], indirect=True)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteFeedLog]:
    """The log, as another process has it."""
    opened = SqliteFeedLog(tmp_path / FEED_FILE)
    yield opened
    await opened.aclose()


async def shown(operator: Visitor) -> dict[str, float]:
    """What a scrape shows of who listens, by the name and the labels."""
    text = (await operator.get("/metrics")).body.decode()
    lines = [line.rpartition(" ") for line in text.splitlines() if line.startswith("dexter_feed_")]
    return {name.removeprefix("dexter_feed_").replace('"', ""): float(value) for name, _, value in lines}


async def refused(app: Application, target: str = "/events", **headers: str) -> tuple[int, Any, bytes]:
    """Give what a handshake is refused with."""
    client = await SocketClient(app).open(target, **(headers or TOKEN))
    body = client.body.partition(b"\r\n\r\n")[2] or client.body
    return client.status, body, client.head.lower()


@TWO
async def test_one_too_many_is_refused_before_anything_is_opened_and_told_when_to_come_back(
    gateway: Application, operator: Visitor
) -> None:
    """A process that takes in more than it can serve serves nobody."""
    async with hearing(gateway), listening(gateway, **TOKEN):
        status, body, head = await refused(gateway)
        assert (status, b"retry-after: 10" in head, b"application/problem+json" in head) == (503, True, True)
        assert b"DEXTER_LISTENERS" in body
        assert (await operator.get("/events/stream")).status == 503
        assert (await refused(gateway, "/ws/old"))[0] == 503, "old clients, too, before the upgrade"
        # Nobody's credential is looked at for it: a crowd of strangers costs as little as it can.
        assert (await refused(gateway, x_dexter_token="wrong"))[0] == 503
    numbers = await shown(operator)
    assert numbers["listeners_refused_total{why=all}"] == 4
    async with hearing(gateway):
        assert (await shown(operator))["listeners{way=socket}"] == 1


@ONE_EACH
async def test_one_caller_cannot_take_all_the_room(
    gateway: Application, operator: Visitor, sentry: SentryDouble
) -> None:
    """A script that opens a socket in a loop and forgets to close it must not keep the others out."""
    sentry.will(ok(b'[{"slug":"shop"}]'))
    async with hearing(gateway):
        status, body, head = await refused(gateway)
        assert (status, b"retry-after: 10" in head) == (429, True)
        assert b"DEXTER_LISTENERS_EACH" in body
        assert (await operator.get("/events/stream")).status == 429
        async with hearing(gateway, **OWN):
            assert (await shown(operator))["listeners{way=socket}"] == 2
    assert (await shown(operator))["listeners_refused_total{why=each}"] == 2
    async with hearing(gateway):
        pass


@ONE_EACH
async def test_people_at_their_own_sessions_are_told_apart(gateway: Application, stranger: Visitor) -> None:
    """A whole team may sign in with the one printed token."""
    cookies = []
    for _ in range(2):
        stranger.cookies.clear()
        await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
        cookies.append(f"dexter_session={stranger.cookies['dexter_session']}")
    async with hearing(gateway, cookie=cookies[0]), hearing(gateway, cookie=cookies[1]):
        assert (await refused(gateway, cookie=cookies[0]))[0] == 429


@ONE_EACH
async def test_who_could_not_be_let_in_takes_no_place(
    gateway: Application, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the log is away everybody knocks again and again."""
    hub: Any = gateway.entrance._faces.exact["/events"]._hub  # type: ignore[attr-defined]
    join = hub.join

    async def fails(_: Any) -> None:
        raise FeedUnavailable("away")

    monkeypatch.setattr(hub, "join", fails)
    for _ in range(3):
        assert (await refused(gateway))[0] == 503
        assert (await operator.get("/events/stream")).status == 503
    monkeypatch.setattr(hub, "join", join)
    async with hearing(gateway):
        numbers = await shown(operator)
    assert (numbers["listeners{way=socket}"], numbers.get("listeners_ended_total{reason=left,way=socket}")) == (1, None)


async def test_what_is_sent_what_is_missing_and_why_somebody_left_is_counted(
    gateway: Application, operator: Visitor, log: SqliteFeedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs Dexter sees whether its clients keep up."""
    monkeypatch.setattr(events_socket_client, "LONGEST_QUEUE", 3)
    async with AsyncExitStack() as stack:
        slow, quick = [await stack.enter_async_context(hearing(gateway)) for _ in range(2)]
        late = await stack.enter_async_context(connected(gateway, "/events?channels=issues&since=gone:3", **TOKEN))
        assert [(await late.next())["kind"] for _ in range(2)] == ["hello", "gap"]
        stream = await stack.enter_async_context(listening(gateway, **TOKEN))
        await stream.next()
        slow.line.protocol.pause_writing()
        await happens(log, event(), event())
        for _ in range(2):
            await quick.next()
            await stream.next()
        numbers = await shown(operator)
        assert (numbers["listeners{way=socket}"], numbers["listeners{way=stream}"]) == (3, 1)
        assert numbers["waiting_messages{way=socket}"] == 2
        await happens(log, event(), event())
        await slow.until_closed()
    await asyncio.sleep(0)
    numbers = await shown(operator)
    assert numbers["listeners_ended_total{reason=slow,way=socket}"] == 1
    assert numbers["listeners_ended_total{reason=left,way=socket}"] == 2
    assert numbers["listeners_ended_total{reason=left,way=stream}"] == 1
    assert numbers["gaps_total{why=epoch}"] == 1
    # Three hellos, one gap, and what the two quick ones heard; what the slow one was not sent is not counted.
    assert 4 + 4 <= numbers["messages_total{way=socket}"] <= 4 + 8
    assert 1 + 2 <= numbers["messages_total{way=stream}"] <= 1 + 4
    assert numbers.get("listeners{way=socket}", 0) == 0
    seen = (await operator.get("/api/v1/gateway/stats")).json()["listeners"]
    assert seen == {"sockets": 0, "streams": 0, "waiting": 0, "dropped": 1, "refused": 0}


@pytest.mark.parametrize(
    ("soft", "hard", "most", "set_to"),
    [
        (1024, 1024, 1024 - FILES_FOR_THE_REST, None),
        (1024, 20_000, 10_000, 20_000),
        (1024, 4096, 4096 - FILES_FOR_THE_REST, 4096),
        (1024, resource.RLIM_INFINITY, 10_000, 65_536),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 10_000, None),
        (100, 100, 1, None),
    ],
)
def test_there_are_no_more_places_than_file_descriptors(
    soft: int, hard: int, most: int, set_to: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without a descriptor left can neither answer nor reach Sentry."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert room_for_files(10_000) == most
    assert asked == ([] if set_to is None else [(set_to, hard)])
