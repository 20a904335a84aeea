"""Nobody gets a value from before a write as fresh once its answer is back, whoever wrote and whoever reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.schedule import Schedule, answer_of
from tests.doubles.sentry_double import ONE_ATTEMPT
from tests.doubles.shared_store import LevelDouble, LevelOfHosts, Line, PurgeServerDouble

from dexter.stores.host import Host
from dexter.stores.leased_purges import LeasedPurges
from dexter.stores.levels import TwoLevels
from dexter.stores.shelf import Shelf
from dexter.upstream.stack import Stack, build_stack

if TYPE_CHECKING:
    from dexter.stores.entry import Entry
    from dexter.stores.levels import Level
    from dexter.stores.store import Purges

pytestmark = pytest.mark.breadth
Step = tuple[Callable[[Any, int], None], int]


class TwoProcesses(Schedule):
    """Two processes of one host, over one file of purges and flights and one shared level."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__()

    def build(self) -> list[Stack]:
        level = LevelDouble()
        hosts = [Host(self.folder / "host", self.clock.monotonic) for _ in range(2)]
        return [self.process(host, level, host) for host in hosts]

    def process(self, purges: Purges, level: Level, flights: Host | None) -> Stack:
        store = TwoLevels(Shelf(), purges, level)
        return build_stack(self.sentry, store, self.clock, ONE_ATTEMPT, flights=flights)

    async def settle(self) -> None:
        # Whoever waits for another process's flight looks again after some milliseconds.
        self.clock.pass_s(0.02)
        await super().settle()

    async def drain(self) -> None:
        for _ in range(400):
            if all(task.done() for task in self.tasks()):
                return
            self.answer(0)
            await self.settle()
        raise AssertionError("somebody waits for ever")


class TwoHosts(TwoProcesses):
    """Two hosts that share a server of purges, to which each has a line that may be cut."""

    def build(self) -> list[Stack]:
        self.server = PurgeServerDouble(self.clock)
        self.lines = [Line(self.server), Line(self.server)]
        self.purges = [LeasedPurges(line, self.clock.monotonic, sleep=self.clock.sleep) for line in self.lines]
        self.was_cut: dict[int, bool] = {}
        kept: dict[tuple[str | None, str], Entry] = {}
        return [self.process(purges, LevelOfHosts(kept, purges), None) for purges in self.purges]

    def cut(self, number: int) -> None:
        self.lines[number % 2].is_cut = True
        for index, (process, task) in enumerate(self.writes):
            if process == number % 2 and not task.done():
                self.was_cut[index] = True

    def mend(self, number: int) -> None:
        self.lines[number % 2].is_cut = False

    def forget(self, _: int) -> None:
        self.server.forget()

    def write(self, number: int) -> None:
        super().write(number)
        if self.lines[number % 2].is_cut or self.purges[number % 2].is_away:
            self.was_cut[len(self.writes) - 1] = True

    async def settle(self) -> None:
        # A line renews every 25 ms; a write waits for the other host's answer, or 100 ms.
        for _ in range(3):
            await super().settle()

    def promise(self, process: int, version: int, person: str) -> None:
        # A host that is cut off promises its own readers what it wrote, and cannot promise it to others.
        for index, (writer, task) in enumerate(self.writes):
            if answer_of(task) is not None and writer == process:
                known = self.version_of(task)
                here = (process,) if self.was_cut.get(index) else range(len(self.stacks))
                for number in here:
                    self.promise_at(number, known, self.writers[index])

    async def aclose(self) -> None:
        await super().aclose()
        for purges in self.purges:
            await purges.aclose()


async def play(schedule: TwoProcesses, steps: list[Step]) -> None:
    for step, number in steps:
        step(schedule, number)
        await schedule.settle()
        schedule.check()
    if isinstance(schedule, TwoHosts):
        for number in range(2):
            schedule.mend(number)
        for _ in range(5):
            await schedule.settle()
    await schedule.overtake()
    await schedule.drain()
    await schedule.read_by_all()
    await schedule.drain()
    schedule.check()
    await schedule.aclose()


usual = st.sampled_from([Schedule.read, Schedule.write, Schedule.answer, Schedule.apply, Schedule.deliver])
seldom = st.sampled_from([Schedule.leave, Schedule.wait])
of_a_network = st.sampled_from([TwoHosts.cut, TwoHosts.mend, TwoHosts.forget])


def steps_of(doings: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.tuples(doings, st.integers(0, 7)), min_size=4, max_size=20)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(steps_of(usual | usual | usual | seldom))
async def test_no_interleaving_over_two_processes_gives_a_value_older_than_a_write_that_returned(
    steps: list[Step],
) -> None:
    """They share a mapped file and a store; a flight of one answers readers of the other."""
    with TemporaryDirectory() as folder:
        await play(TwoProcesses(Path(folder)), steps)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(steps_of(usual | usual | usual | seldom | of_a_network))
async def test_no_interleaving_over_two_hosts_gives_a_value_older_than_a_write_that_returned(
    steps: list[Step],
) -> None:
    """They share a server, which forgets, and to which lines break; who is cut off gives nothing as fresh."""
    await play(TwoHosts(Path()), steps)
