"""A thousand reads and writes in any order over two real processes: nobody is given what a write had replaced."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bench.stand import Gateway, Sandbox, request, running_gateway, running_redis
from bench.trace_log import Values, WriteLog
from tests.live.chaos_load import values_of

STEPS = 1000
AT_ONCE = 8
ISSUES = 4
PEOPLE = 5
WRITERS = 2
"""Whoever wrote waits for Sentry's own word for half a minute, so that some must do nothing but read."""
WRITE_SHARE = 0.15
UNCHANGING_SHARE = 0.05
"""Writes that change nothing, and purge all the same."""
PRIORITIES = ("low", "medium", "high")


@contextmanager
def two_processes(sandbox: Sandbox, folder: Path, share: str) -> Iterator[list[Gateway]]:
    """Two gateways that share the files of a host, or a Redis."""
    with ExitStack() as life:
        settings = {"DEXTER_SECRET_KEY": "of-both-processes-" * 3}
        folders = [folder, folder]
        if share == "redis":
            settings["DEXTER_REDIS_URL"] = life.enter_context(running_redis()).url
            folders = [folder / "one", folder / "other"]
        for each in folders:
            each.mkdir(exist_ok=True)
        yield [
            life.enter_context(running_gateway(sandbox.url, sandbox.token, folder=each, **settings)) for each in folders
        ]


class Interleaving:
    """Steps that overlap: people who share one credential read and write a few issues at either process."""

    def __init__(self, gateways: list[Gateway], sandbox: Sandbox, seed: int) -> None:
        self._chance = random.Random(seed)
        self._gateways = gateways
        found = sandbox.api("GET", "/api/0/organizations/acme/issues/?query=is:unresolved&limit=50").json()
        project = found[0]["project"]["slug"]
        self._issues = [issue for issue in found if issue["project"]["slug"] == project][:ISSUES]
        members = sandbox.api("GET", f"/api/0/projects/acme/{project}/members/").json()
        users = [member["user"]["id"] for member in members if member["user"]]
        self._choices = [(f"user:{user}", priority) for user in users for priority in PRIORITIES]
        self._numbers = count()
        self._log = WriteLog()
        for issue in self._issues:
            self._log.begin(issue["id"], values_of(issue))
        self._writing = {issue["id"]: asyncio.Lock() for issue in self._issues}
        self._sessions = [[signed_in(gateway) for _ in range(PEOPLE)] for gateway in gateways]
        self.seen: Counter[str] = Counter()
        self.overtaken: list[str] = []

    async def run(self) -> None:
        """Take all the steps, some at once."""
        room = asyncio.Semaphore(AT_ONCE)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=jar) as session, asyncio.TaskGroup() as group:
            self._session = session
            for _ in range(STEPS):
                await room.acquire()
                task = group.create_task(self._step())
                task.add_done_callback(lambda _: room.release())

    async def _step(self) -> None:
        process, person = self._chance.randrange(2), self._chance.randrange(PEOPLE)
        issue = str(self._chance.choice(self._issues)["id"])
        drawn = self._chance.random()
        if drawn < WRITE_SHARE:
            await self._write(process, person % WRITERS, issue)
        elif drawn < WRITE_SHARE + UNCHANGING_SHARE:
            await self._ask(process, person % WRITERS, "PUT", f"/{issue}", {"seen": True})
        else:
            await self._read(process, person, "" if self._chance.random() < 0.5 else issue)

    async def _write(self, process: int, person: int, issue: str) -> None:
        async with self._writing[issue]:
            owner, priority = self._choices[next(self._numbers) % len(self._choices)]
            values: Values = (self._log.present(issue)[0], priority, owner)
            version = self._log.sent(issue, values, self._name(process, person))
            status, _, body = await self._ask(
                process, person, "PUT", f"/{issue}", {"assignee": owner, "priority": priority}
            )
            assert status == 200, body
            version.returned_at = time.monotonic()
            self.seen["write"] += 1

    async def _read(self, process: int, person: int, issue: str) -> None:
        asked_at = time.monotonic()
        address = f"/{issue}" if issue else "?limit=50&status=unresolved"
        status, headers, body = await self._ask(process, person, "GET", address)
        assert status == 200, body
        told = headers["Cache-Status"]
        is_stale = "; hit" in told and "detail=" in told
        self.seen["stale" if is_stale else "hit" if "hit" in told else "asked"] += 1
        for shown in body["data"] if not issue else [body]:
            if shown["id"] not in self._writing:
                continue
            values = values_of(shown)
            staleness_s = self._log.staleness_s(shown["id"], values, asked_at)
            assert staleness_s is not None, f"nobody ever wrote {values}"
            if staleness_s > 0 and not is_stale:
                self.overtaken.append(f"{told}: {staleness_s:.3f} s too old")
            if self._log.hides_own(shown["id"], values, asked_at, self._name(process, person)):
                self.overtaken.append(f"{told}: hides the reader's own write")

    def _name(self, process: int, person: int) -> int:
        # Who signed in at the second process is somebody else where sessions are not shared, and nothing says who.
        return process * PEOPLE + person

    async def _ask(
        self, process: int, person: int, method: str, address: str, document: Any = None
    ) -> tuple[int, Mapping[str, str], Any]:
        url, headers = f"{self._gateways[process].url}/api/v1/issues{address}", self._sessions[process][person]
        async with self._session.request(method, url, headers=headers, json=document) as reply:
            return reply.status, reply.headers, await reply.json(content_type=None)


def signed_in(gateway: Gateway) -> Mapping[str, str]:
    opened = request("POST", f"{gateway.url}/api/v1/session", body={"token": gateway.token})
    cookie = opened.headers["set-cookie"].partition(";")[0]
    return {"Cookie": cookie, "X-CSRF-Token": opened.json()["csrf_token"]}


@pytest.mark.parametrize("share", ["disk", "redis"])
async def test_no_interleaving_over_two_processes_gives_a_value_that_a_returned_write_had_replaced(
    sandbox: Sandbox, tmp_path: Path, share: str
) -> None:
    """Nor does anybody see, however it is marked, what their own write had replaced."""
    with two_processes(sandbox, tmp_path, share) as gateways:
        play = Interleaving(gateways, sandbox, seed=42)
        await play.run()
    assert play.overtaken == []
    assert play.seen["write"] > STEPS * WRITE_SHARE / 2
    # A play in which nothing is ever kept proves nothing.
    assert play.seen["hit"] > STEPS / 20, play.seen
    assert play.seen["stale"] > STEPS / 20, play.seen
