"""People who go on asking, whatever happens to Sentry, to a worker or to Redis, and note what they are told."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import TYPE_CHECKING, Any

import aiohttp
from bench.trace_log import Values, WriteLog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from types import TracebackType

    from bench.stand import Gateway

PATIENCE_S = 45.0
UNCERTAIN_S = 2.0
"""How long a writer waits after a write of which it does not know what became: it may still happen."""
LIST = "/api/v1/issues?limit=25"


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody was told. `status` is None when the connection broke."""

    question: str
    asked_at: float
    took_s: float
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    overtaken_s: float = 0.0
    """For how long a value that was given as fresh had been replaced by a write, when it was asked for."""

    @property
    def is_stale(self) -> bool:
        """Whether the answer says of itself that it is an old one."""
        told = self.headers.get("Cache-Status", "")
        return "; hit" in told and "detail=" in told


class SteadyLoad:
    """A dozen people at one or more gateways, until the end of the block.

    `warm` is a list that everybody reads, `cold` a search that nobody made before, `issue` the one issue that the
    writer, if there is one, gives another priority again and again.
    """

    def __init__(self, *gateways: Gateway, issue: Mapping[str, Any], writes: bool) -> None:
        self._gateways = gateways
        self._issue = str(issue["id"])
        self._writes = writes
        self._log = WriteLog()
        self._log.begin(self._issue, values_of(issue))
        self._numbers = count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self.told: list[Told] = []

    async def __aenter__(self) -> SteadyLoad:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers={"X-Dexter-Token": self._gateways[0].token},
            timeout=aiohttp.ClientTimeout(total=60),
        )
        people: list[tuple[Callable[[Gateway], Coroutine[Any, Any, None]], float]] = [
            *[(self._read_warm, 0.1)] * 5,
            *[(self._read_cold, 0.25)] * 3,
            *[(self._read_issue, 0.1)] * 3,
            *[(self._write, 0.3)] * self._writes,
        ]
        self._tasks = [asyncio.create_task(self._go_on(act, pause_s)) for act, pause_s in people]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        broken = [each for each in ended if isinstance(each, Exception)]
        if broken and error is None:
            raise broken[0]

    async def until(self, holds: Callable[[Sequence[Told]], bool], what: str) -> list[Told]:
        """Give what was told from now on, once it holds of it."""
        began, seen = time.monotonic(), len(self.told)
        while not holds(self.told[seen:]):
            lately = [(each.question, each.status, each.headers.get("Cache-Status")) for each in self.told[-12:]]
            assert time.monotonic() - began < PATIENCE_S, f"it never came to this: {what}; {lately}"
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.05)
        return self.told[seen:]

    async def _go_on(self, act: Callable[[Gateway], Coroutine[Any, Any, None]], pause_s: float) -> None:
        for gateway in cycle(self._gateways):
            await act(gateway)
            await asyncio.sleep(pause_s)

    async def _read_warm(self, gateway: Gateway) -> None:
        await self._read("warm", gateway.url + LIST)

    async def _read_cold(self, gateway: Gateway) -> None:
        await self._read("cold", f"{gateway.url}{LIST}&query=timesSeen:>{next(self._numbers)}")

    async def _read_issue(self, gateway: Gateway) -> None:
        await self._read("issue", f"{gateway.url}/api/v1/issues/{self._issue}")

    async def _read(self, question: str, address: str) -> None:
        asked_at = time.monotonic()
        status, headers, body = await self._sent("GET", address)
        told = Told(question, asked_at, time.monotonic() - asked_at, status, headers)
        if status == 200 and not told.is_stale:
            told = Told(question, asked_at, told.took_s, status, headers, self._overtaken_s(body, asked_at))
        self.told.append(told)

    def _overtaken_s(self, body: Any, asked_at: float) -> float:
        shown = body.get("data", [body])
        found = [issue for issue in shown if issue["id"] == self._issue]
        if not found:
            return 0.0
        overtaken_s = self._log.staleness_s(self._issue, values_of(found[0]), asked_at)
        assert overtaken_s is not None, f"nobody ever wrote {values_of(found[0])}"
        return overtaken_s

    async def _write(self, gateway: Gateway) -> None:
        status_word, priority, owner = self._log.present(self._issue)
        wanted = {"high": "medium", "medium": "low"}.get(priority or "", "high")
        version = self._log.sent(self._issue, (status_word, wanted, owner))
        asked_at = time.monotonic()
        status, headers, _ = await self._sent("PUT", f"{gateway.url}/api/v1/issues/{self._issue}", {"priority": wanted})
        self.told.append(Told("write", asked_at, time.monotonic() - asked_at, status, headers))
        if status == 200:
            version.returned_at = time.monotonic()
        else:
            await asyncio.sleep(UNCERTAIN_S)

    async def _sent(self, method: str, address: str, body: Any = None) -> tuple[int | None, Mapping[str, str], Any]:
        try:
            async with self._session.request(method, address, json=body) as reply:
                return reply.status, reply.headers, await reply.json(content_type=None)
        except aiohttp.ClientError:
            return None, {}, None


def values_of(issue: Mapping[str, Any]) -> Values:
    """Give what the log knows an issue by."""
    owner = issue["assignedTo"]
    return issue["status"], issue["priority"], f"{owner['type']}:{owner['id']}" if owner else None
