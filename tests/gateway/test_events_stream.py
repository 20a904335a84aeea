"""The feed as server-sent events, through the whole gateway: who may hear, what is said, and what a place means."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.described import as_described
from tests.doubles.feed_log_double import event
from tests.doubles.sentry_double import ok
from tests.gateway.conftest import ACCESS_TOKEN

from dexter.gateway import events_stream
from dexter.realtime.events import packed
from dexter.stores.feed_log import Settled
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, MutableMapping
    from pathlib import Path

    from tests.doubles.sentry_double import FakeClock, SentryDouble
    from tests.gateway.conftest import Visitor

    from dexter.app import Application
    from dexter.realtime.events import FeedEvent

SERVICE = {"x-dexter-token": ACCESS_TOKEN}
OWN = {"authorization": "Bearer sntryu_own"}
LIMIT_S = 5.0


class Stream:
    """A client of the stream that reads as fast as the test lets it."""

    def __init__(self) -> None:
        self.status = 0
        self.raw = b""
        self.ended = False
        self.reads = asyncio.Event()
        self.reads.set()
        self._came = asyncio.Event()
        self._taken = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        self.status = message.get("status", self.status)
        self.raw += message.get("body", b"")
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        self._came.set()

    @property
    def blocks(self) -> list[dict[str, str]]:
        """What came, each message as its fields; comments are left out."""
        found = []
        for block in self.raw.decode().split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if fields:
                found.append(fields)
        return found

    async def next(self) -> tuple[str | None, dict[str, Any]]:
        """Give the id and the data of the next message."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.blocks) <= self._taken:
                self._came.clear()
                await self._came.wait()
        fields = self.blocks[self._taken]
        self._taken += 1
        data = msgspec.json.decode(fields["data"])
        assert data["kind"] == fields["event"]
        return fields.get("id"), as_described(data)

    async def until_end(self) -> dict[str, Any]:
        """Give the last message, once the answer has ended."""
        async with asyncio.timeout(LIMIT_S):
            while not self.ended:
                self._came.clear()
                await self._came.wait()
        found: dict[str, Any] = msgspec.json.decode(self.blocks[-1]["data"])
        return found


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteFeedLog]:
    """The log, as another process has it."""
    opened = SqliteFeedLog(tmp_path / FEED_FILE)
    yield opened
    await opened.aclose()


async def happens(log: SqliteFeedLog, *events: FeedEvent) -> None:
    await log.settle("acme", (), lambda _: Settled(records=tuple(map(packed, events))))


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(app: Application, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    """Open the stream; the client leaves with the block."""
    fields = {"host": "localhost:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "path": "/events/stream",
        "raw_path": b"/events/stream",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "client": ("127.0.0.1", 50_000),
    }
    stream, leaves = Stream(), asyncio.Event()
    first = True

    async def receive() -> MutableMapping[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await leaves.wait()
        return {"type": "http.disconnect"}

    serving = asyncio.create_task(app(scope, receive, stream.send))
    try:
        yield stream
    finally:
        leaves.set()
        stream.reads.set()
        await asyncio.wait_for(serving, LIMIT_S)


async def test_a_client_is_told_where_now_is_and_then_what_happens(gateway: Application, log: SqliteFeedLog) -> None:
    """The id of each event is the place after it, which is all that a client has to remember."""
    async with listening(gateway, **SERVICE) as stream:
        name, hello = await stream.next()
        assert (name, hello["offset"], hello["channels"], stream.status) == (None, 0, ["issues"], 200)
        await happens(log, event())
        name, told = await stream.next()
        assert name == f"{hello['epoch']}:1"
        assert (told["offset"], told["event"]["type"], told["event"]["issue"]["id"]) == (1, "issue.resolved", "7")


@pytest.mark.parametrize("way", ["query", "header"])
async def test_who_comes_back_with_the_last_id_misses_nothing(
    way: str, gateway: Application, log: SqliteFeedLog
) -> None:
    """A browser sends Last-Event-ID by itself; a script names `since`."""
    await happens(log, event(), event(), event())
    epoch = (await log.after("acme", 0, 0)).epoch
    place = f"{epoch}:1"
    query, headers = (f"since={place}", {}) if way == "query" else ("", {"last-event-id": place})
    async with listening(gateway, query, **SERVICE, **headers) as stream:
        assert (await stream.next())[1]["kind"] == "hello"
        await happens(log, event())
        assert [(await stream.next())[0] for _ in range(3)] == [f"{epoch}:{offset}" for offset in (2, 3, 4)]


@pytest.mark.parametrize(
    ("since", "gap", "then"),
    [
        ("{epoch}:9", ("ahead", 3), 4),
        ("other:2", ("epoch", 0), 1),
    ],
)
async def test_a_place_that_the_log_does_not_have_is_a_gap(
    since: str, gap: tuple[str, int], then: int, gateway: Application, log: SqliteFeedLog
) -> None:
    """Nothing is lost silently; the gap's own id is the place from which on everything is told again."""
    await happens(log, event(), event(), event())
    epoch = (await log.after("acme", 0, 0)).epoch
    async with listening(gateway, f"since={since.format(epoch=epoch)}", **SERVICE) as stream:
        await stream.next()
        name, told = await stream.next()
        assert (told["kind"], told["why"], told["offset"], name) == ("gap", *gap, f"{epoch}:{gap[1]}")
        await happens(log, event())
        assert (await stream.next())[1]["offset"] == then


async def test_only_what_was_asked_for_is_told(gateway: Application, log: SqliteFeedLog) -> None:
    """The filter works on the server: what nobody wants to see is not sent."""
    async with listening(gateway, "channels=project:shop,alerts&filter=!type:issue.updated", **SERVICE) as stream:
        assert (await stream.next())[1]["channels"] == ["alerts", "project:shop"]
        await happens(log, event("issue.updated"), event(project="crate"), event("alert.triggered", None), event())
        assert [(await stream.next())[1]["offset"] for _ in range(2)] == [3, 4]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("channels=weather", 400, "no channel"),
        ("channels=issue:abc", 400, "no channel"),
        ("channels=" + ",".join(f"issue:{number}" for number in range(201)), 400, "At most 200"),
        ("filter=colour:red", 400, "colour"),
        ("filter=%22open", 400, "quotation"),
        ("since=nonsense", 400, "EPOCH:OFFSET"),
        ("since=one:-4", 400, "EPOCH:OFFSET"),
        ("token=" + ACCESS_TOKEN, 400, "'token' is not a name"),
        ("organization=umbrella", 404, "no feed"),
    ],
)
async def test_what_there_is_not_is_refused(query: str, status: int, said: str, operator: Visitor) -> None:
    """A client that misspelt its channel would otherwise wait for ever; a token in an address is never read."""
    answer = await operator.get(f"/events/stream?{query}")
    assert (answer.status, said in answer.json()["detail"]) == (status, True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x-dexter-token": "dxt_wrong"}, 401),
        ({"cookie": "dexter_session=nonsense"}, 401),
        ({**SERVICE, "host": "evil.example"}, 421),
        ({**SERVICE, "origin": "https://evil.example"}, 403),
        ({**SERVICE, "origin": "null"}, 403),
    ],
)
async def test_strangers_foreign_pages_and_foreign_names_are_refused(
    headers: dict[str, str], status: int, stranger: Visitor
) -> None:
    """A page elsewhere must not listen with the cookie of whoever looks at it."""
    assert (await stranger.get("/events/stream", headers)).status == status


async def test_a_sentry_token_hears_of_the_projects_that_sentry_shows_to_it(
    gateway: Application, sentry: SentryDouble, log: SqliteFeedLog
) -> None:
    """Dexter hears of all projects; a caller is told of theirs alone, also of what they missed."""
    await happens(log, event(), event(project="crate"))
    epoch = (await log.after("acme", 0, 0)).epoch
    sentry.will(ok(b'[{"slug":"crate","hasAccess":true},{"slug":"shop","hasAccess":false}]'))
    async with listening(gateway, f"since={epoch}:0", **OWN) as stream:
        await stream.next()
        await happens(log, event(), event("issue.assigned", "crate"), event("issue.merged", None))
        assert [(await stream.next())[1]["offset"] for _ in range(2)] == [2, 4]
        await happens(log, event(project="crate"))
        assert (await stream.next())[1]["offset"] == 6


async def test_a_token_that_sentry_refuses_hears_nothing(owner: Visitor, sentry: SentryDouble) -> None:
    """The feed shows no more than Sentry would."""
    sentry.will(ok(b'{"detail":"Invalid token"}', status=401))
    assert (await owner.get("/events/stream")).status == 401


async def test_quiet_connections_show_that_they_live(gateway: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy between closes what says nothing, and a client could not tell silence from death."""
    monkeypatch.setattr(events_stream, "HEARTBEAT_S", 0.01)
    async with listening(gateway, **SERVICE) as stream:
        await stream.next()
        await until(lambda: stream.raw.count(b": \n\n") >= 3)


async def test_a_session_that_ends_hears_on_for_a_minute_at_most(
    gateway: Application, stranger: Visitor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is signed out elsewhere must not go on reading here."""
    monkeypatch.setattr(events_stream, "HEARTBEAT_S", 0.01)
    assert (await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})).status == 200
    cookie = f"dexter_session={stranger.cookies['dexter_session']}"
    async with listening(gateway, cookie=cookie, origin="http://localhost:8000") as stream:
        csrf = (await stranger.get("/api/v1/session")).json()["csrf_token"]
        await stream.next()
        assert (await stranger.send("DELETE", "/api/v1/session", headers={"x-csrf-token": csrf})).status == 204
        clock.pass_s(59)
        await asyncio.sleep(0.05)
        assert not stream.ended
        clock.pass_s(1)
        bye = await stream.until_end()
        assert (bye["kind"], bye["reason"]) == ("bye", "refused")


async def test_a_project_that_is_taken_from_somebody_is_heard_of_for_a_minute_at_most(
    gateway: Application,
    sentry: SentryDouble,
    log: SqliteFeedLog,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Permissions change at Sentry, where nobody tells Dexter of it."""
    monkeypatch.setattr(events_stream, "HEARTBEAT_S", 0.01)
    sentry.will(ok(b'[{"slug":"shop"}]'), ok(b'[{"slug":"crate"}]'))
    async with listening(gateway, **OWN) as stream:
        await stream.next()
        await happens(log, event())
        assert (await stream.next())[1]["offset"] == 1
        clock.pass_s(60)
        await until(lambda: len(sentry.calls) >= 2)
        await happens(log, event(), event(project="crate"))
        assert (await stream.next())[1]["offset"] == 3


async def test_sentry_being_down_takes_nobodys_rights_away(
    gateway: Application,
    sentry: SentryDouble,
    log: SqliteFeedLog,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The feed is worth most while something is wrong."""
    monkeypatch.setattr(events_stream, "HEARTBEAT_S", 0.01)
    sentry.will(ok(b'[{"slug":"shop"}]'), ok(b"down", status=503))
    async with listening(gateway, **OWN) as stream:
        await stream.next()
        clock.pass_s(90_000)
        await until(lambda: len(sentry.calls) >= 2)
        await happens(log, event())
        assert (await stream.next())[1]["offset"] == 1


async def test_a_slow_client_is_told_and_dropped_and_slows_nobody(
    gateway: Application, log: SqliteFeedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events would fill the memory of everybody's process; it can come back and ask for what it missed."""
    monkeypatch.setattr(events_stream, "LONGEST_QUEUE", 5)
    async with listening(gateway, **SERVICE) as slow, listening(gateway, **SERVICE) as quick:
        await slow.next()
        await quick.next()
        slow.reads.clear()
        for _ in range(20):
            await happens(log, event())
            await quick.next()
        slow.reads.set()
        bye = await slow.until_end()
        assert (bye["kind"], bye["reason"]) == ("bye", "slow")
        offsets = [msgspec.json.decode(each["data"])["offset"] for each in slow.blocks if each["event"] == "event"]
        assert offsets == list(range(1, len(offsets) + 1))
        assert len(offsets) < 20


async def test_a_client_that_reads_nothing_at_all_is_dropped(
    gateway: Application, log: SqliteFeedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot even be told; the connection is broken off."""
    monkeypatch.setattr(events_stream, "STUCK_S", 0.02)
    async with listening(gateway, **SERVICE) as stream:
        await stream.next()
        stream.reads.clear()
        await happens(log, event())
        serving = [task for task in asyncio.all_tasks() if "Application.__call__" in repr(task)]
        assert await asyncio.wait(serving, timeout=LIMIT_S) == (set(serving), set())
        assert not stream.ended


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_the_stream_is_read_only(method: str, operator: Visitor) -> None:
    """Anything else is a mistake of the client's, which it learns of."""
    answer = await operator.send(method, "/events/stream")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
