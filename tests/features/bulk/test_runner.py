"""Who works on which job: new ones, those of the dead, and never two at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dexter.features.bulk.executors import Executor
from dexter.features.bulk.runner import Runner
from dexter.features.bulk.work import END, Work, seconds_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.features.bulk.world import World

    from dexter.database.bulk_jobs import Job

RESOLVE = {"op": "status", "status": "resolved"}
PATIENCE_S = 10


class Plain:
    """An engine that remembers nothing: it takes turn after turn while its process lives."""

    def __init__(self, take_turn: Callable[[str], Awaitable[str]]) -> None:
        self.take_turn = take_turn
        self.tasks: list[asyncio.Task[None]] = []
        self.error: Exception | None = None

    async def carry(self, job: Job, begin_run: Callable[[], Awaitable[int]]) -> None:
        if self.error is not None:
            raise self.error
        await begin_run()
        self.tasks.append(asyncio.create_task(self._carried(job.id)))

    async def _carried(self, job_id: str) -> None:
        while True:
            word = await self.take_turn(job_id)
            if word == END:
                return
            await asyncio.sleep(seconds_of(word) / 1000)

    async def aclose(self) -> None:
        for task in self.tasks:
            task.cancel()


class Process:
    """A process of some host, with its runner."""

    def __init__(self, world: World, folder: Path) -> None:
        self.executor = Executor(folder)
        self.opened = 0
        self.engine: Plain

        async def open_work() -> Work:
            self.opened += 1
            return Work(world.jobs, world.way, world.users, world.clock, self.executor.name, world.size)

        def engine(take_turn: Callable[[str], Awaitable[str]]) -> Plain:
            self.engine = Plain(take_turn)
            return self.engine

        self.runner = Runner(open_work, engine, self.executor)
        self.runner.start()

    def dies(self) -> None:
        """End as `kill -9` does: nothing is given back, but the system frees the lock."""
        assert self.executor._file is not None
        self.executor._file.close()
        assert self.runner._task is not None
        self.runner._task.cancel()
        for task in self.engine.tasks:
            task.cancel()


@pytest.fixture
async def start(world: World, tmp_path: Path) -> AsyncIterator[Callable[[], Process]]:
    processes: list[Process] = []

    def started() -> Process:
        processes.append(Process(world, tmp_path))
        return processes[-1]

    yield started
    for each in processes:
        await each.runner.aclose()


async def until(world: World, job: Job, *states: str) -> Job:
    return await watched(world, job, lambda now: now.state in states)


async def watched(world: World, job: Job, is_it: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            now = await world.desk.find(job.id)
            if is_it(now):
                return now
            await asyncio.sleep(0.01)


def hanging(world: World, gate: asyncio.Event) -> asyncio.Event:
    """Let the first write hang until the gate opens; give what tells that it does."""
    entered = asyncio.Event()

    async def hang() -> None:
        entered.set()
        await gate.wait()

    world.asked, world.outside = 0, {1: hang}
    return entered


async def test_a_job_is_taken_up_as_soon_as_it_is_asked_for(world: World, start: Callable[[], Process]) -> None:
    """Nobody wants to wait for the next look at the table."""
    process = start()
    job = await world.ask({"ids": await world.unresolved(5)}, RESOLVE)
    process.runner.wake()
    previewed = await until(world, job, "previewed")
    await world.desk.apply(previewed, None)
    process.runner.wake()
    ended = await until(world, job, "done")
    assert ended.counts is not None
    assert (ended.counts["done"], ended.run) == (5, 2)


async def test_of_several_processes_one_works_on_a_job(world: World, start: Callable[[], Process]) -> None:
    """Two would send everything twice."""
    processes = [start() for _ in range(3)]
    job = await world.ask({"ids": await world.unresolved(9)}, RESOLVE, apply=True)
    for each in processes:
        each.runner.wake()
    await until(world, job, "done")
    assert sum(len(each.engine.tasks) for each in processes) == 1
    assert [call.method for call in world.calls].count("PUT") == 3


async def test_the_job_of_a_process_that_died_here_is_taken_over_at_once(
    world: World, start: Callable[[], Process]
) -> None:
    """Its lease has not run out, but its lock is free."""
    first = start()
    entered = hanging(world, asyncio.Event())
    job = await world.ask({"ids": await world.unresolved(5)}, RESOLVE, apply=True)
    first.runner.wake()
    await entered.wait()
    first.dies()
    second = start()
    second.runner.wake()
    ended = await until(world, job, "done")
    assert ended.counts is not None
    assert ended.counts["done"] == 5


async def test_a_process_that_is_told_to_stop_finishes_its_turn_and_gives_its_jobs_back(
    world: World, start: Callable[[], Process]
) -> None:
    """The next one takes them up without waiting for a lease."""
    first, gate = start(), asyncio.Event()
    entered = hanging(world, gate)
    job = await world.ask({"ids": await world.unresolved(5)}, RESOLVE, apply=True)
    first.runner.wake()
    await entered.wait()
    stopping = asyncio.create_task(first.runner.aclose())
    await asyncio.sleep(0)
    assert not stopping.done()
    gate.set()
    await stopping
    assert [holder for job_id, holder, _ in await world.jobs.waiting() if job_id == job.id] == [None]
    second = start()
    second.runner.wake()
    await until(world, job, "done")
    assert [call.method for call in world.calls].count("PUT") == 2


async def test_a_job_that_nobody_can_carry_says_so(world: World, start: Callable[[], Process]) -> None:
    """Somebody looks at it and wonders why nothing happens."""
    process = start()
    process.engine.error = OSError("the disk is full")
    job = await world.ask({"ids": await world.unresolved(2)}, RESOLVE, apply=True)
    process.runner.wake()
    now = await watched(world, job, lambda now: now.reason is not None)
    assert (now.state, now.reason) == ("resolving", "This Dexter cannot work on it just now: OSError. It tries again.")


def test_only_the_dead_of_this_host_are_known_to_be_dead(tmp_path: Path) -> None:
    """A process of another host may live; its lease says."""
    mine, other, elsewhere = Executor(tmp_path), Executor(tmp_path), Executor(tmp_path / "elsewhere")
    mine.begin()
    other.begin()
    assert not mine.is_dead(mine.name)
    assert not mine.is_dead(other.name)
    assert not mine.is_dead(elsewhere.name)
    assert other._file is not None
    other._file.close()
    assert mine.is_dead(other.name)
    mine.end()
