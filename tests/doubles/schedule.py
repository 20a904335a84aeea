"""Reads, writes and departures in any order: the play in which a cache must not be caught giving old values."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from tests.doubles.sentry_double import JSON, ONE_ATTEMPT, SERVICE, TOKEN, FakeClock, call

from dexter.errors import TimedOut
from dexter.stores.memory import MemoryStore
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Outcome

LIST = "/api/0/organizations/acme/issues/"
ISSUE = "/api/0/organizations/acme/issues/7/"


@dataclass
class VersionedSentry:
    """A Sentry with one issue whose value is its version; every answer waits until the schedule lets it go.

    The issue's address shows the version at the moment Sentry reads it, which is when the schedule says so: a read
    may have left long before. The list shows what the version was `INDEX_LAG_S` ago. What the issue's page can be
    renewed from without a view shows the version, too. Every other change is answered with no issue, so that which one
    was changed is not certain.
    """

    clock: FakeClock
    version: int = 0
    written_at: list[float] = field(default_factory=list)
    waiting: list[tuple[Call, asyncio.Future[Answer]]] = field(default_factory=list)
    upstream: Upstream = field(default_factory=lambda: Upstream("https://sentry.example"))

    async def send(self, asked: Call) -> Answer:
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((asked, done))
        return await done

    def apply(self, index: int) -> tuple[Call, asyncio.Future[Answer], Answer] | None:
        """Let Sentry do what was asked; the answer is on its way back but not there yet."""
        if not self.waiting:
            return None
        asked, done = self.waiting.pop(index % len(self.waiting))
        if asked.method == "PUT":
            self.version += 1
            self.written_at.append(self.clock.monotonic())
        indexed = sum(self.clock.monotonic() - moment >= INDEX_LAG_S for moment in self.written_at)
        shown = indexed if asked.path == LIST else self.version
        return asked, done, Answer(200, JSON, msgspec.json.encode(self._document(asked, shown)))

    def _document(self, asked: Call, version: int) -> Any:
        # Whoever has it is another one in each version, so that a list can be held against a change.
        owner = {"type": "user", "id": str(version)}
        issue = {"id": "7", "shortId": "SHOP-1", "version": version, "status": "unresolved", "assignedTo": owner}
        if asked.path == LIST:
            return [issue]
        match asked.path.removeprefix(ISSUE):
            case "/api/0/":
                return {"auth": {}}
            case "/api/0/organizations/acme/shortids/SHOP-1/":
                return {"group": issue}
            case "activities/":
                return {"activity": []}
            case "" if asked.method == "GET" or version % 2:
                return issue
            case _:
                return {"version": version}

    async def aclose(self) -> None:
        pass


INDEX_LAG_S = 29.0
PROMISED = {ISSUE: {Outcome.HIT, Outcome.MISS, Outcome.COLLAPSED}, LIST: {Outcome.HIT}}
"""Outcomes that must show every write that returned; straight from Sentry, a list may lag, which is Sentry's truth."""
PEOPLE = ("ann", "", "ben")
"""Who shares Dexter's credential; of one of them nothing is known."""


class Schedule:
    """Reads, writes and departures, with Sentry doing and answering in the order a test chooses.

    Numbers choose the identity, the address, and the process where there are several.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sentry = VersionedSentry(self.clock)
        self.stacks = self.build()
        self.returned = [0] * len(self.stacks)
        """By process: the version of the newest write that its readers were promised to see."""
        self.own = [dict.fromkeys(PEOPLE, 0) for _ in self.stacks]
        """By process: the newest version that each person wrote; anybody's for those of whom nothing is known."""
        self.reads: list[tuple[int, int, str, asyncio.Task[Answer]]] = []
        """For each: the newest version its caller may already know, the newest of their own, the address, and the read
        itself."""
        self.writes: list[tuple[int, asyncio.Task[Answer]]] = []
        """For each: the process, and the write itself."""
        self.writers: list[str] = []
        self.on_the_way: list[tuple[Call, asyncio.Future[Answer], Answer]] = []

    def build(self) -> list[Stack]:
        """Give the stacks of the processes under test."""
        return [build_stack(self.sentry, MemoryStore(), self.clock, ONE_ATTEMPT)]

    def read(self, number: int) -> None:
        identity, path = (SERVICE, TOKEN)[number % 2], (ISSUE, LIST)[number // 2 % 2]
        process = number // 4 % len(self.stacks)
        person = PEOPLE[len(self.reads) % 3] if identity is SERVICE else ""
        asked = self.stacks[process](replace(call(path, clock=self.clock, identity=identity), person=person))
        own = self.own[process][person] if identity is SERVICE else 0
        self.reads.append((self.returned[process], own, path, asyncio.create_task(asked)))

    def write(self, number: int) -> None:
        process = number % len(self.stacks)
        sent = call(ISSUE, method="PUT", body=b'{"status":"resolved"}', clock=self.clock)
        self.writers.append(PEOPLE[len(self.writes) % 3])
        sent = replace(sent, person=self.writers[-1])
        self.writes.append((process, asyncio.create_task(self.stacks[process](sent))))

    def apply(self, number: int) -> None:
        applied = self.sentry.apply(number)
        if applied is not None:
            self.on_the_way.append(applied)

    def deliver(self, number: int) -> None:
        if self.on_the_way:
            _, done, answer = self.on_the_way.pop(number % len(self.on_the_way))
            if not done.done():
                done.set_result(answer)

    def answer(self, number: int) -> None:
        self.apply(number)
        self.deliver(-1)

    def leave(self, number: int) -> None:
        if self.reads:
            self.reads[number % len(self.reads)][-1].cancel()

    def wait(self, number: int) -> None:
        self.clock.pass_s((1.0, 14.0, 25.0, 200.0)[number % 4])

    async def settle(self) -> None:
        for _ in range(12):
            await asyncio.sleep(0)
        for (process, task), person in zip(self.writes, self.writers, strict=True):
            if (answer := answer_of(task)) is not None:
                self.promise(process, _version(answer), person)

    def promise(self, process: int, version: int, person: str) -> None:
        """A person's write returned at a process: from here on readers must see it."""
        for number in range(len(self.stacks)):
            self.promise_at(number, version, person)

    def promise_at(self, process: int, version: int, person: str) -> None:
        """Readers at a process must see a version from here on."""
        self.returned[process] = max(version, self.returned[process])
        for each in {person, ""}:
            self.own[process][each] = max(version, self.own[process][each])

    def check(self) -> None:
        for floor, own, path, task in self.reads:
            if (answer := answer_of(task)) is None:
                continue
            if answer.outcome in PROMISED[path]:
                assert _version(answer) >= floor
            if answer.outcome is Outcome.STALE:
                # A page is brought up to date before it is given, or not given.
                assert _version(answer) >= (floor if path == ISSUE else own)

    async def overtake(self) -> None:
        """One more write that Sentry answers before everything else under way, and a read by everybody after it."""
        self.write(0)
        await self.settle()
        self.answer(-1)
        await self.settle()
        await self.read_by_all()

    async def read_by_all(self) -> None:
        for number in range(4 * len(self.stacks)):
            self.read(number)
            await self.settle()

    async def drain(self) -> None:
        """Let everything that is under way come to its end."""
        while self.sentry.waiting or self.on_the_way:
            self.answer(0)
            await self.settle()
        await asyncio.gather(*self.tasks(), return_exceptions=True)

    @staticmethod
    def version_of(write: asyncio.Task[Answer]) -> int:
        """Give the version that a write made."""
        return _version(write.result())

    def tasks(self) -> list[asyncio.Task[Answer]]:
        return [*(task for *_, task in self.reads), *(task for _, task in self.writes)]

    async def aclose(self) -> None:
        for stack in self.stacks:
            await stack.aclose()


def answer_of(task: asyncio.Task[Answer]) -> Answer | None:
    """Give what a caller got; None while it waits, when it left, and when its own time ran out first."""
    if not task.done() or task.cancelled() or isinstance(task.exception(), TimedOut):
        return None
    return task.result()


def _version(answer: Answer) -> int:
    assert isinstance(answer.body, bytes)
    document = msgspec.json.decode(answer.body)
    version: int = (document[0] if isinstance(document, list) else document)["version"]
    return version
