"""Whatever happens, and however little of it is told: what the feed has told adds up to Sentry's state."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.realtime.world import ISSUES, World, settled, summed

from dexter.wire import Priority

pytestmark = pytest.mark.breadth

TITLES = ("alpha", "beta", "gamma")
CHANGES: tuple[dict[str, Any], ...] = (
    {"status": "resolved"}, {"status": "unresolved"}, {"status": "ignored"}, {"priority": "low"},
    {"priority": "high"}, {"assignedTo": "user:1"}, {"assignedTo": ""},
)  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(0, 2), st.sampled_from(CHANGES)),
        st.tuples(st.just("write"), st.integers(0, 2), st.sampled_from(CHANGES)),
        st.tuples(st.just("error"), st.integers(0, 2)),
        st.tuples(st.just("new"), st.integers(0, 5)),
        st.tuples(st.just("comment"), st.integers(0, 2)),
        st.tuples(st.just("delete")),
        st.tuples(st.just("deliver"), st.integers(0, 9), st.sampled_from([1, 1, 2, 0])),
        st.tuples(st.sampled_from(["poll", "read", "restart", "pause"])),
    ),
    max_size=30,
)


class Play:
    """Carries steps out, one at a time, some tenths of a second apart."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.issues: list[str] = []

    async def begin(self) -> None:
        for title in TITLES:
            await self.world.error(title)
        self.world.sent.clear()
        self.world.clock.pass_s(1000)
        await self.world.poll()
        self.issues = sorted(await self.world.truth(), key=int)

    async def do(self, step: tuple[Any, ...]) -> None:
        self.world.clock.pass_s(0.3)
        await getattr(self, f"_{step[0]}")(*step[1:])

    async def _change(self, which: int, fields: dict[str, Any]) -> None:
        await self.world.change(self.issues[which], **fields)

    async def _write(self, which: int, fields: dict[str, Any]) -> None:
        sentry = self.world.dexter("ada", priority=Priority.INTERACTIVE)
        await sentry.put("issues.update", {"id": self.issues[which]}, fields)
        await settled()
        await self.world.record_writes()

    async def _error(self, which: int) -> None:
        await self.world.error(TITLES[which])

    async def _new(self, which: int) -> None:
        await self.world.error(f"new {'abcdef'[which]}")

    async def _comment(self, which: int) -> None:
        text = {"text": f"at {self.world.clock.now()}"}
        await self.world.at_sentry("POST", f"{ISSUES}{self.issues[which]}/comments/", text)

    async def _delete(self) -> None:
        newest = max(await self.world.truth(), key=int)
        if newest not in self.issues:
            await self.world.at_sentry("DELETE", f"{ISSUES}{newest}/")

    async def _deliver(self, which: int, times: int) -> None:
        if self.world.sent:
            received = self.world.sent.pop(which % len(self.world.sent))
            for _ in range(times):
                await self.world.deliver(received)

    async def _poll(self) -> None:
        await self.world.poll()

    async def _read(self) -> None:
        await self.world.read()

    async def _restart(self) -> None:
        await self.world.restart()

    async def _pause(self) -> None:
        self.world.clock.pass_s(40)

    async def end(self) -> None:
        """Let the late webhooks come late, and poll in peace until all has been looked at."""
        for received in self.world.sent[:]:
            await self.world.deliver(received)
        for _ in range(3):
            self.world.clock.pass_s(100)
            await self.world.poll()


async def played(steps: list[tuple[Any, ...]], folder: Path, **world: Any) -> None:
    stand = World(folder, **world)
    try:
        play = Play(stand)
        await play.begin()
        start = await stand.truth()
        began = len(await stand.events())
        for step in steps:
            await play.do(step)
        await play.end()
        events = (await stand.events())[began:]
        assert summed(start, events) == await stand.truth()
        born = [event.issue.id for event in events if event.issue is not None and event.type == "issue.created"]
        assert len(born) == len(set(born)), "an issue is new once"
        assert set(await stand.truth()) - set(start) <= set(born), "and is told to be"
    finally:
        await stand.aclose()


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_over_any_schedule_the_events_add_up_to_the_truth(steps: list[tuple[Any, ...]]) -> None:
    """Webhooks once, twice, late or never, own writes, polls and restarts between them: no change goes missing."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(played(steps, Path(folder)))


@settings(max_examples=10, deadline=None)
@given(STEPS)
def test_over_any_schedule_with_a_search_that_lags(steps: list[tuple[Any, ...]]) -> None:
    """Sentry's search finds a new issue, and a changed one, seconds after it is there."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(played(steps, Path(folder), index_lag_s=5.0))
