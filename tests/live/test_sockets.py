"""Sockets, streams and the Python client against real processes: what is heard, and what a killed gateway costs."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from bench.stand import Gateway, free_port, request, running, running_gateway, running_redis, wait_until_up

from dexter.live_client import FeedRefused, RealtimeManager, State, Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from bench.stand import Sandbox

LIMIT_S = 30.0
TOKEN = "dexter-socket-test-token"


class Restartable:
    """A gateway that can be killed and comes back at the same address with the same data."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "gateway.log"
        self._environment = {
            "DEXTER_DATA_DIR": str(folder),
            "DEXTER_PORT": str(self.port),
            "DEXTER_ACCESS_TOKEN": TOKEN,
            "SENTRY_BASE_URL": sandbox.url,
            "SENTRY_ORG": "acme",
            "SENTRY_API_TOKEN": sandbox.token,
        }
        self._stack = ExitStack()
        self._process: Any = None

    def start(self) -> None:
        self._process = self._stack.enter_context(
            running(("dexter.cli", "serve", "--workers", "1"), self._environment, self._log)
        )
        wait_until_up(f"{self.url}/health", self._process, self._log)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._stack.close()

    def change(self, issue: str, status: str) -> None:
        reply = request(
            "PUT", f"{self.url}/api/v1/issues/{issue}", body={"status": status}, headers={"X-Dexter-Token": TOKEN}
        )
        assert reply.status == 200, reply.body


@pytest.fixture
def restartable(sandbox: Sandbox, tmp_path: Path) -> Iterator[Restartable]:
    running = Restartable(sandbox, tmp_path)
    running.start()
    yield running
    running.stop()


def some_issues(gateway: Gateway, count: int) -> list[str]:
    found = gateway.v1("GET", "/issues", status="unresolved", limit=count).json()["data"]
    return [issue["id"] for issue in found]


@asynccontextmanager
async def socket(gateway: Gateway, query: str = "", **headers: str) -> AsyncIterator[Any]:
    fields = headers or {"X-Dexter-Token": gateway.token}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{gateway.url}/events{query}", headers=fields) as opened,
    ):
        yield opened


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.02)


async def heard(opened: Any, kind: str) -> dict[str, Any]:
    """Give the next message of a kind."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            message: dict[str, Any] = await opened.receive_json()
            if message["kind"] == kind:
                return message


async def test_a_change_through_dexter_is_heard_on_a_socket_by_a_client_of_another_make(gateway: Gateway) -> None:
    """aiohttp's client knows nothing of how the frames were written."""
    (issue,) = some_issues(gateway, 1)
    async with socket(gateway) as opened:
        await opened.send_json({"op": "subscribe", "channels": [f"issue:{issue}"], "id": 1})
        assert (await heard(opened, "ack"))["channels"] == [f"issue:{issue}"]
        await asyncio.to_thread(gateway.v1, "PUT", f"/issues/{issue}", body={"status": "resolved"})
        event = (await heard(opened, "event"))["event"]
        while event["type"] != "issue.resolved":  # the poller may have news of the same issue just before
            event = (await heard(opened, "event"))["event"]
        assert (event["issue"]["id"], event["after"]["status"]) == (issue, "resolved")
        await opened.ping(b"alive")
        await opened.send_json({"op": "ping", "id": 2})
        assert (await heard(opened, "pong"))["id"] == 2
        await opened.close()
        assert opened.close_code == 1000


async def opened_with(gateway: Gateway, ticket: str) -> int:
    """Show a ticket, and give the status of the handshake."""
    try:
        async with socket(gateway, f"?ticket={ticket}", Accept="*/*") as opened:
            await heard(opened, "hello")
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


async def test_a_ticket_is_worth_one_socket_over_all_workers(sandbox: Sandbox) -> None:
    """Each connection may come to another process."""
    with running_gateway(sandbox.url, sandbox.token, workers=2) as gateway:
        ticket = gateway.v1("POST", "/events/ticket").json()["ticket"]
        assert sorted(await asyncio.gather(*(opened_with(gateway, ticket) for _ in range(8)))) == [101] + [401] * 7


async def test_a_ticket_and_a_place_are_worth_the_same_on_hosts_that_share_redis(sandbox: Sandbox) -> None:
    """Whoever balances the load between them knows of neither."""
    with ExitStack() as stack:
        shared = {"DEXTER_REDIS_URL": stack.enter_context(running_redis()).url, "DEXTER_SECRET_KEY": "s" * 32}
        hosts = [stack.enter_context(running_gateway(sandbox.url, sandbox.token, **shared)) for _ in range(2)]
        ticket = hosts[0].v1("POST", "/events/ticket").json()["ticket"]
        statuses = await asyncio.gather(*(opened_with(host, ticket) for host in hosts * 3))
        assert sorted(statuses) == [101] + [401] * 5
        (issue,) = some_issues(hosts[0], 1)
        async with socket(hosts[0], f"?channels=issue:{issue}") as here:
            await heard(here, "hello")
            await asyncio.to_thread(hosts[1].v1, "PUT", f"/issues/{issue}", body={"status": "resolved"})
            first = await heard(here, "event")
        await asyncio.to_thread(hosts[0].v1, "PUT", f"/issues/{issue}", body={"status": "unresolved"})
        place = f"{first['epoch']}:{first['offset']}"
        async with socket(hosts[1], f"?channels=issue:{issue}&since={place}") as there:
            assert (await heard(there, "event"))["event"]["after"]["status"] == "unresolved"


async def test_a_gateway_that_is_told_to_stop_says_so_and_does_not_wait_for_its_listeners(sandbox: Sandbox) -> None:
    """A restart must not take as long as a stream, which has no end."""
    with running_gateway(sandbox.url, sandbox.token) as gateway:
        headers = {"X-Dexter-Token": gateway.token}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{gateway.url}/events/stream", headers=headers) as stream,
        ):
            await stream.content.readuntil(b"\n\n")
            async with socket(gateway) as opened:
                await heard(opened, "hello")
                gateway.process.terminate()
                assert (await heard(opened, "bye"))["reason"] == "restart"
                await opened.receive()
                assert opened.close_code == 1012
            assert b'"restart"' in await asyncio.wait_for(stream.content.read(), LIMIT_S)
        await asyncio.to_thread(gateway.process.wait, 8)


@pytest.mark.parametrize("transport", list(Transport))
async def test_the_python_client_hears_on_through_a_killed_gateway_and_misses_nothing(
    transport: Transport, restartable: Restartable, sandbox: Sandbox
) -> None:
    """What happened while it was away comes first, and nothing comes twice."""
    reply = request("GET", f"{restartable.url}/api/v1/issues?limit=6", headers={"X-Dexter-Token": TOKEN})
    issues = [issue["id"] for issue in reply.json()["data"]]
    states: list[State] = []
    gaps: list[Any] = []
    told: list[str] = []

    async def gap(message: dict[str, Any]) -> None:
        gaps.append(message)

    live = RealtimeManager(
        restartable.url, TOKEN, wanted="type:issue.archived", transport=transport, on_gap=gap, on_state=states.append
    )
    live.chance = lambda: 0.1

    async def listen() -> None:
        async with live:
            async for event in live:
                told.append(event["issue"]["id"])  # noqa: PERF401 - it never ends

    listening = asyncio.create_task(listen())
    try:
        await until(lambda: live.state is State.LIVE)
        for issue in issues[:2]:
            await asyncio.to_thread(restartable.change, issue, "archived")
        await until(lambda: len(told) >= 2)
        place = live.since
        await asyncio.to_thread(restartable.kill)
        await asyncio.to_thread(restartable.start)
        for issue in issues[2:4]:
            await asyncio.to_thread(restartable.change, issue, "archived")
        await until(lambda: len(told) >= 4)
        assert (told, gaps) == (issues[:4], [])
        assert live.since is not None
        assert place is not None
        assert live.since[0] == place[0]
        assert State.OFFLINE in states
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        for issue in issues[:4]:
            await asyncio.to_thread(restartable.change, issue, "unresolved")


@pytest.mark.parametrize("transport", list(Transport))
async def test_the_python_client_does_not_knock_at_a_door_that_is_shut(transport: Transport, gateway: Gateway) -> None:
    """A wrong token stays wrong."""
    async with RealtimeManager(gateway.url, "dxt_wrong", transport=transport) as live:
        with pytest.raises(FeedRefused) as refused:
            await asyncio.wait_for(anext(aiter(live)), LIMIT_S)
        assert refused.value.status == 401


@pytest.mark.parametrize("transport", list(Transport))
async def test_the_python_client_says_that_history_is_missing(transport: Transport, gateway: Gateway) -> None:
    """Whoever keeps something up to date by events must know when that cannot be."""
    gaps: list[dict[str, Any]] = []
    told = asyncio.Event()

    async def gap(message: dict[str, Any]) -> None:
        gaps.append(message)
        told.set()

    async with RealtimeManager(
        gateway.url, gateway.token, transport=transport, since=("long-ago", 3), on_gap=gap
    ) as live:
        listening = asyncio.create_task(anext(aiter(live)))
        await asyncio.wait_for(told.wait(), LIMIT_S)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert gaps[0]["why"] == "epoch"
