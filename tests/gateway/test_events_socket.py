"""The feed on a socket, through the whole gateway: who gets in, what they hear, and what ends it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.feed_log_double import event
from tests.doubles.sentry_double import Held, ok
from tests.doubles.socket_client import ACCEPT, BINARY, CLOSE, PING, PONG, SocketClient, frame_of
from tests.gateway.conftest import ACCESS_TOKEN
from tests.gateway.test_events_stream import happens, until

from dexter.gateway import events_socket, events_socket_client
from dexter.policy.issue_facts import IssueName
from dexter.policy.issue_feed import IssueFacts, Known
from dexter.realtime.events import packed_known
from dexter.realtime.presence import Viewer
from dexter.stores.feed_log import Settled
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.doubles.sentry_double import FakeClock, SentryDouble
    from tests.gateway.conftest import Visitor

    from dexter.app import Application
    from dexter.gateway.events_socket import EventsSocket

TOKEN = {"x_dexter_token": ACCESS_TOKEN}
OWN = {"authorization": "Bearer sntryu_own"}


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteFeedLog]:
    """The log, as another process has it."""
    opened = SqliteFeedLog(tmp_path / FEED_FILE)
    yield opened
    await opened.aclose()


@pytest.fixture
def sockets(gateway: Application) -> EventsSocket:
    found: Any = gateway.entrance._faces.exact["/events"]
    assert isinstance(found, events_socket.EventsSocket)
    return found


@asynccontextmanager
async def connected(app: Application, target: str = "/events", **headers: str) -> AsyncIterator[SocketClient]:
    """An open socket that has heard its hello."""
    client = await SocketClient(app).open(target, **headers)
    assert client.status == 101, client.body
    try:
        yield client
    finally:
        await client.leave()


@asynccontextmanager
async def hearing(app: Application, *channels: str, **headers: str) -> AsyncIterator[SocketClient]:
    """An open socket that listens to channels."""
    target = "/events?channels=" + ",".join(channels or ("issues",))
    async with connected(app, target, **(headers or TOKEN)) as client:
        assert (await client.next())["kind"] == "hello"
        yield client


async def test_a_client_is_greeted_subscribes_and_hears(gateway: Application, log: SqliteFeedLog) -> None:
    """Nothing is said to somebody who asked for nothing."""
    async with connected(gateway, **TOKEN) as client:
        hello = await client.next()
        assert (hello["kind"], hello["offset"], hello["channels"]) == ("hello", 0, [])
        assert hello["webhooks_at"] is None
        assert b"sec-websocket-accept: " + ACCEPT in client.head
        ack = await client.answer(op="subscribe", channels=["issues"], id=7)
        assert ack == {"kind": "ack", "op": "subscribe", "id": 7, "epoch": hello["epoch"], "offset": 0} | {
            "channels": ["issues"]
        }
        await happens(log, event())
        told = await client.next()
        assert (told["kind"], told["epoch"], told["offset"]) == ("event", hello["epoch"], 1)
        assert told["event"]["issue"] == {"id": "7", "short_id": "SHOP-7", "title": "Oops"}


async def test_channels_and_filter_are_changed_while_it_is_open(gateway: Application, log: SqliteFeedLog) -> None:
    """A page that shows another issue keeps its connection."""
    async with hearing(gateway, "issue:7") as client:
        ack = await client.answer(op="subscribe", channels=["issue:8"])
        assert ack["channels"] == ["issue:7", "issue:8"]
        assert (await client.answer(op="unsubscribe", channels=["issue:7"]))["channels"] == ["issue:8"]
        await happens(log, event(issue="7"), event(issue="8"))
        assert (await client.next())["offset"] == 2
        await client.answer(op="subscribe", channels=["issues"], filter="type:issue.assigned")
        await happens(log, event(issue="8"), event("issue.assigned", issue="9"))
        assert (await client.next())["offset"] == 4


async def test_who_comes_back_with_a_place_misses_nothing_and_hears_nothing_twice(
    gateway: Application, log: SqliteFeedLog
) -> None:
    """Whether it is named in the address or with the channels; what happens meanwhile comes after."""
    await happens(log, *[event()] * 250)
    epoch = (await log.after("acme", 0, 0)).epoch
    async with connected(gateway, f"/events?channels=issues&since={epoch}:10", **TOKEN) as first:
        await first.next()
        await happens(log, event())
        assert [(await first.next())["offset"] for _ in range(241)] == list(range(11, 252))
    async with connected(gateway, **TOKEN) as second:
        await second.next()
        ack = await second.answer(op="subscribe", channels=["issues"], since=f"{epoch}:248")
        await happens(log, event())
        assert ack["offset"] == 251
        assert [(await second.next())["offset"] for _ in range(4)] == [249, 250, 251, 252]


async def test_a_channel_that_is_added_with_a_place_is_told_what_was_not_told_yet(
    gateway: Application, log: SqliteFeedLog
) -> None:
    """What came by a channel that was heard already is not told again."""
    await happens(log, event(issue="7"), event(issue="8"))
    epoch = (await log.after("acme", 0, 0)).epoch
    async with hearing(gateway, "issue:7") as client:
        await client.answer(op="subscribe", channels=["issues"], since=f"{epoch}:0")
        await happens(log, event(issue="9"))
        assert [(await client.next())["offset"] for _ in range(2)] == [2, 3]


@pytest.mark.parametrize(("since", "why", "at"), [("{epoch}:9", "ahead", 2), ("other:1", "epoch", 0)])
async def test_a_place_that_the_log_does_not_have_is_a_gap(
    since: str, why: str, at: int, gateway: Application, log: SqliteFeedLog
) -> None:
    """Nothing is lost silently."""
    await happens(log, event(), event())
    epoch = (await log.after("acme", 0, 0)).epoch
    async with connected(gateway, f"/events?channels=issues&since={since.format(epoch=epoch)}", **TOKEN) as client:
        await client.next()
        assert await client.next() == {"kind": "gap", "epoch": epoch, "offset": at, "why": why}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"op": "subscribe", "channels": ["weather"]}, "is no channel"),
        ({"op": "subscribe", "channels": [f"issue:{number}" for number in range(201)]}, "At most 200"),
        ({"op": "subscribe", "channels": ["issues"], "filter": "colour:red"}, "colour"),
        ({"op": "subscribe", "channels": ["issues"], "since": "yesterday"}, "EPOCH:OFFSET"),
        ({"op": "dance"}, "no message"),
        ({"op": "ping", "loud": True}, "no message"),
        ({"op": "subscribe", "channels": "issues"}, "no message"),
        ({"op": "presence", "issue": "SHOP-7"}, "must be an issue's number"),
    ],
)
async def test_what_cannot_be_done_is_said_and_ends_nothing(
    message: dict[str, Any], said: str, gateway: Application
) -> None:
    """A mistake in one subscription must not cost the others."""
    async with hearing(gateway) as client:
        error = await client.answer(**message)
        assert (error["kind"], said in error["detail"]) == ("error", True)
        assert await client.answer(op="ping", id="x") == {"kind": "pong", "id": "x", "webhooks_at": None}


async def test_channels_are_bounded_over_several_subscriptions(gateway: Application) -> None:
    """Two hundred at once, not at a time."""
    async with hearing(gateway) as client:
        ack = await client.answer(op="subscribe", channels=[f"issue:{number}" for number in range(199)])
        assert len(ack["channels"]) == 200
        assert (await client.answer(op="subscribe", channels=["alerts"]))["kind"] == "error"


@pytest.mark.parametrize(
    ("target", "headers", "status", "said"),
    [
        ("/events", {}, 401, "no credential"),
        ("/events", {"x_dexter_token": "dxt_wrong"}, 401, "no token of this Dexter"),
        ("/events", {"cookie": "dexter_session=nonsense"}, 401, "no credential"),
        ("/events", {**TOKEN, "origin": "https://evil.example"}, 403, "another origin"),
        ("/events", {**TOKEN, "origin": "null"}, 403, "another origin"),
        ("/events", {**TOKEN, "host": "evil.example"}, 421, "Host"),
        ("/events?channels=weather", TOKEN, 400, "no channel"),
        (f"/events?token={ACCESS_TOKEN}", {}, 400, "no place in an address"),
        ("/events?ticket=nonsense", {}, 401, "ticket"),
        ("/events?ticket=nonsense", TOKEN, 401, "ticket"),
        ("/events?organization=umbrella", TOKEN, 404, "no feed"),
        ("/events?filter=" + "a" * 20_000, TOKEN, 414, "longer"),
        ("/events", {**TOKEN, "sec_websocket_version": "8"}, 400, ""),
        ("/events", {**TOKEN, "sec_websocket_key": "short"}, 400, ""),
    ],
)
async def test_who_may_not_come_in_is_told_why_by_the_handshake(
    target: str, headers: dict[str, str], status: int, said: str, gateway: Application
) -> None:
    """A script reads the same problem as at any other address; a page elsewhere gets nothing."""
    client = await SocketClient(gateway).open(target, **headers)
    assert client.status == status
    if said:
        assert said in client.problem()["detail"]


async def test_without_an_upgrade_the_address_says_what_it_is(operator: Visitor) -> None:
    """Somebody opens it in a browser."""
    answer = await operator.get("/events")
    assert (answer.status, "WebSocket" in answer.json()["detail"]) == (426, True)


async def test_a_session_cookie_opens_a_socket_from_the_gateways_own_pages(
    gateway: Application, stranger: Visitor
) -> None:
    """This is how the workbench connects."""
    await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    cookie = f"dexter_session={stranger.cookies['dexter_session']}"
    async with hearing(gateway, cookie=cookie, origin="http://localhost:8000"):
        pass


@pytest.mark.parametrize("shown", [{"x-dexter-token": ACCESS_TOKEN}, {"authorization": "Bearer sntryu_own"}, "cookie"])
async def test_a_ticket_opens_one_socket_once(
    shown: Any, gateway: Application, stranger: Visitor, sentry: SentryDouble
) -> None:
    """Whatever somebody shows, a ticket stands for it; in a log it is worth nothing."""
    sentry.will(ok(b'[{"slug":"shop"}]'))
    headers = {} if shown == "cookie" else shown
    if shown == "cookie":
        await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
        headers = {"x-csrf-token": (await stranger.get("/api/v1/session")).json()["csrf_token"]}
    given = await stranger.send("POST", "/api/v1/events/ticket", headers=headers)
    assert (given.status, given.json()["expires_in_s"], given.headers["cache-control"]) == (200, 30, "no-store")
    target = f"/events?ticket={given.json()['ticket']}"
    async with connected(gateway, target) as client:
        assert (await client.next())["kind"] == "hello"
    assert (await SocketClient(gateway).open(target)).status == 401


async def test_a_ticket_is_worth_nothing_after_half_a_minute_nor_changed(
    gateway: Application, operator: Visitor, clock: FakeClock
) -> None:
    """Nobody can make one, nor make one last."""
    ticket = (await operator.send("POST", "/api/v1/events/ticket")).json()["ticket"]
    changed = ticket[:-8] + ("A" if ticket[-8] != "A" else "B") + ticket[-7:]
    assert (await SocketClient(gateway).open(f"/events?ticket={changed}")).status == 401
    clock.pass_s(30)
    assert (await SocketClient(gateway).open(f"/events?ticket={ticket}")).status == 401


async def test_of_many_who_show_the_same_ticket_at_once_one_comes_in(gateway: Application, operator: Visitor) -> None:
    """The log decides, whichever process they came to."""
    ticket = (await operator.send("POST", "/api/v1/events/ticket")).json()["ticket"]
    clients = await asyncio.gather(*(SocketClient(gateway).open(f"/events?ticket={ticket}") for _ in range(5)))
    assert sorted(client.status for client in clients) == [101, 401, 401, 401, 401]
    for client in clients:
        await client.leave()


async def test_strangers_get_no_ticket(stranger: Visitor) -> None:
    """Nor does a page of another origin, which has no CSRF token."""
    assert (await stranger.send("POST", "/api/v1/events/ticket")).status == 401
    await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    assert (await stranger.send("POST", "/api/v1/events/ticket")).status == 403


async def test_a_sentry_token_hears_of_the_projects_that_sentry_shows_to_it(
    gateway: Application, sentry: SentryDouble, log: SqliteFeedLog, sockets: EventsSocket, clock: FakeClock
) -> None:
    """Also once they have changed, within a minute."""
    sentry.will(ok(b'[{"slug":"crate"}]'), ok(b'[{"slug":"shop"}]'))
    async with hearing(gateway, **OWN) as client:
        await happens(log, event(), event(project="crate"))
        assert (await client.next())["offset"] == 2
        clock.pass_s(60)
        await sockets.look()
        await happens(log, event(project="crate"), event())
        assert (await client.next())["offset"] == 4


async def test_a_session_that_ends_is_told_and_closed_within_a_minute(
    gateway: Application, stranger: Visitor, clock: FakeClock, sockets: EventsSocket
) -> None:
    """Whoever is signed out elsewhere must not go on reading here."""
    await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    cookie = f"dexter_session={stranger.cookies['dexter_session']}"
    csrf = (await stranger.get("/api/v1/session")).json()["csrf_token"]
    async with hearing(gateway, cookie=cookie) as client, hearing(gateway) as other:
        await stranger.send("DELETE", "/api/v1/session", headers={"x-csrf-token": csrf})
        clock.pass_s(60)
        await sockets.look()
        (bye,), (code, _) = await client.until_closed()
        assert (bye["kind"], bye["reason"], code) == ("bye", "refused", 4401)
        assert (await other.answer(op="ping"))["kind"] == "pong"
        assert sockets.connected == 1


async def test_a_slow_client_is_told_and_dropped_and_changes_nothing_for_others(
    gateway: Application, log: SqliteFeedLog, sockets: EventsSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages would fill the memory of everybody's process."""
    monkeypatch.setattr(events_socket_client, "LONGEST_QUEUE", 5)
    async with hearing(gateway) as slow, hearing(gateway) as quick:
        slow.line.protocol.pause_writing()
        for _ in range(6):
            await happens(log, event())
            await quick.next()
        (bye,), (code, _) = await slow.until_closed()
        assert (bye["kind"], bye["reason"], code) == ("bye", "slow", 1013)
        await happens(log, event())
        assert ((await quick.next())["offset"], sockets.connected) == (7, 1)


async def test_a_client_that_catches_up_has_missed_nothing(gateway: Application, log: SqliteFeedLog) -> None:
    """A pause is no reason to drop anybody."""
    async with hearing(gateway) as client:
        client.line.protocol.pause_writing()
        await happens(log, event(), event())
        await asyncio.sleep(0.1)
        assert not client.line.written
        client.line.protocol.resume_writing()
        assert [(await client.next())["offset"] for _ in range(2)] == [1, 2]


async def test_a_storm_leaves_in_few_writes(gateway: Application, log: SqliteFeedLog) -> None:
    """A write costs nine times what a message does."""
    async with hearing(gateway) as client:
        client.line.writes = 0
        await happens(log, *[event()] * 300)
        assert [(await client.next())["offset"] for _ in range(300)] == list(range(1, 301))
        assert client.line.writes <= 3


async def test_the_quiet_are_asked_whether_they_live_and_the_dead_are_dropped(
    gateway: Application, sockets: EventsSocket
) -> None:
    """A laptop that was shut sends no farewell."""
    async with hearing(gateway) as alive, hearing(gateway) as dead:
        loop = asyncio.get_running_loop()
        for client in (alive, dead):
            client.line.protocol.heard_at = loop.time() - 30
        await sockets.look()
        assert frame_of(alive.line.written) == (PING, b"")
        alive.send(b"", PONG)
        dead.line.protocol.heard_at = loop.time() - 60
        await sockets.look()
        await dead.gone()
        assert (alive.line.closed, sockets.connected) == (False, 1)


async def test_a_clients_ping_is_answered(gateway: Application) -> None:
    """Clients and proxies ask in frames, not in messages."""
    async with hearing(gateway) as client:
        client.send(b"are you there", PING)
        assert frame_of(client.line.written) == (PONG, b"are you there")


@pytest.mark.parametrize(
    ("frame", "code"), [((b"\x00\x01", BINARY), 1003), ((b"\xff\xfe", 1), 1007), ((b"a" * 70_000, 1), 1009)]
)
async def test_what_is_no_message_at_all_ends_the_connection(
    frame: tuple[bytes, int], code: int, gateway: Application
) -> None:
    """The close code says which rule was broken."""
    async with hearing(gateway) as client:
        client.send(*frame)
        assert (await client.until_closed())[1][0] == code


async def test_a_client_that_floods_is_dropped(gateway: Application) -> None:
    """Nobody needs two hundred messages in five seconds."""
    async with hearing(gateway) as client:
        for _ in range(201):
            client.say(op="ping")
        found, (code, _) = await client.until_closed()
        assert (found[-1]["reason"], code) == ("flood", 1008)


async def test_who_closes_is_answered_and_forgotten(gateway: Application, sockets: EventsSocket) -> None:
    """Nothing may be left of a client that went away, and the last one stops the reading of the log."""
    async with hearing(gateway) as client:
        client.send((1000).to_bytes(2, "big"), CLOSE)
        assert await client.until_closed() == ([], (1000, ""))
        await client.gone()
    assert (sockets.connected, sockets._hub.listening, client.state.connections) == (0, 0, set())


async def test_who_leaves_while_it_is_found_out_who_they_are_is_forgotten(
    gateway: Application, sentry: SentryDouble, sockets: EventsSocket
) -> None:
    """Otherwise the poller would work for a ghost until the process ends."""
    held = Held(ok(b'[{"slug":"shop"}]'))
    sentry.will(held)
    client = SocketClient(gateway)
    opening = asyncio.create_task(client.open("/events?channels=issues&since=one:0", **OWN))
    await held.asked.wait()
    await client.leave()
    held.let_go()
    await until(lambda: not client.state.tasks)
    opening.cancel()
    assert (sockets.connected, sockets._hub.listening) == (0, 0)


async def test_the_end_of_the_server_is_told(gateway: Application) -> None:
    """Clients come back at once, to another process or to the next one, and with their place."""
    async with hearing(gateway) as client:
        for connection in tuple(client.state.connections):
            connection.shutdown()
        (bye,), (code, _) = await client.until_closed()
        assert (bye["reason"], code) == ("restart", 1012)


async def test_a_feed_that_does_not_answer_refuses_with_a_time_to_come_back(
    gateway: Application, sockets: EventsSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client must not take the outage of the log for a right that it lost."""
    await sockets._hub.log.aclose()
    client = await SocketClient(gateway).open(**TOKEN)
    assert (client.status, b"retry-after: 2" in client.head) == (503, True)


async def test_people_see_who_else_looks_at_an_issue(gateway: Application, visitor: Any, sockets: EventsSocket) -> None:
    """By person and not by socket: two windows of one are one; and whoever leaves is gone."""
    cookies = []
    for _ in range(2):
        browser = visitor()
        await browser.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
        cookies.append(f"dexter_session={browser.cookies['dexter_session']}")
    async with hearing(gateway, "issue:7", cookie=cookies[0]) as ada:
        assert (await ada.answer(op="presence", issue="7", id=1))["kind"] in ("ack", "event")
        async with hearing(gateway, cookie=cookies[1]) as bob, hearing(gateway, cookie=cookies[1]) as bob_too:
            await bob.answer(op="presence", issue="7")
            await bob_too.answer(op="presence", issue="7")
            seen: list[int] = []
            while 2 not in seen:
                message = await ada.next()
                seen += [len(message["event"]["after"]["people"])] if message["kind"] == "event" else []
            await bob.leave()
            assert (await bob_too.answer(op="ping"))["kind"] == "pong"
        left = await ada.next()
        assert (left["event"]["type"], len(left["event"]["after"]["people"])) == ("presence", 1)


async def test_who_has_just_come_learns_who_is_there(gateway: Application, visitor: Any, sockets: EventsSocket) -> None:
    """They heard nothing of those who came before; and each is told as whom others see them."""
    browser = visitor()
    await browser.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    assert (await browser.get("/api/v1/issues/presence?id=7&id=8")).json() == {"data": {}}
    async with hearing(gateway, cookie=f"dexter_session={browser.cookies['dexter_session']}") as ada:
        viewer = (await ada.answer(op="presence", issue="7"))["viewer"]
        assert (await browser.get("/api/v1/issues/presence?id=7&id=8")).json() == {"data": {"7": [viewer]}}


async def test_who_is_there_is_nobodys_business_who_may_not_see_the_project(
    gateway: Application, visitor: Any, sentry: SentryDouble, sockets: EventsSocket
) -> None:
    """Names of people are told to those who may know of the issue, and of an unknown one to nobody from outside."""
    for issue, project in (("7", "shop"), ("8", "billing")):
        body = packed_known(IssueName(issue, "", "", project), Known(IssueFacts(), 1.0))
        await sockets._hub.log.settle("acme", (), lambda _, issue=issue, body=body: Settled({issue: body}))
    for issue in ("7", "8", "9"):
        await sockets.presence.looks(Viewer("1", "Ada"), issue)
    sentry.will(ok(b'[{"slug":"shop"}]'))
    answer = await visitor(**OWN).get("/api/v1/issues/presence?id=7&id=8&id=9")
    assert answer.json() == {"data": {"7": [{"id": "1", "name": "Ada"}]}}


async def test_a_sentry_token_is_nobody_whom_others_could_see(gateway: Application, sentry: SentryDouble) -> None:
    """Dexter does not know whose it is."""
    sentry.will(ok(b"[]"))
    async with hearing(gateway, **OWN) as client:
        assert (await client.answer(op="presence", issue="7"))["kind"] == "error"


async def test_the_poller_works_for_whoever_listens_on_a_socket(gateway: Application, sockets: EventsSocket) -> None:
    """It asks Sentry only as long as somebody would hear what it finds."""
    async with hearing(gateway):
        assert sockets._hub.listening >= 1
    await until(lambda: sockets._hub.listening == 0)
