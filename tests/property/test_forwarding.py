"""Whatever happens while events are forwarded: each one arrives, or a gap does that says where it was.

Processes are killed at any moment, the receiver goes away and comes back, or says no, the log is trimmed or begins
anew, and transactions are lost, in any order.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.doubles.feed_log_double import event as happening
from tests.realtime.outgoing_stand import FlakyDatabase, Stand

from dexter.database.address import sqlite_file
from dexter.policy.outgoing import Answered, RetryRule, Unanswered
from dexter.realtime.outgoing import lines

pytestmark = pytest.mark.breadth

PATIENT = RetryRule(attempts=100_000, first_s=0.01)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("happens"), st.integers(1, 25)),
        st.tuples(st.just("kill"), st.floats(0, 0.03)),
        st.tuples(st.just("runs"), st.floats(0, 0.05)),
        st.tuples(st.just("answers"), st.sampled_from(["yes", "no", "never", "sometimes"])),
        st.tuples(st.just("trims"), st.integers(0, 5)),
        st.tuples(st.just("begins anew"), st.none()),
        st.tuples(st.just("loses"), st.integers(1, 3)),
    ),
    max_size=14,
)


class World:
    """What happened, and what the receiver knows of it."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.happened: list[tuple[str, int]] = []
        self.received: list[dict[str, Any]] = []
        self.mood = "yes"
        self.turn = 0
        self.epochs = 1
        stand.sender.answer = self.answer

    def answer(self, _: str, headers: dict[str, str]) -> Answered | Unanswered:
        self.turn += 1
        if self.mood == "no" or (self.mood == "sometimes" and self.turn % 3):
            return Answered(500)
        if self.mood == "never":
            return Unanswered("It is down.")
        self.received.append(msgspec.json.decode(self.stand.sender.sent[-1][1]) | {"id": headers["X-Dexter-Delivery"]})
        return Answered(204)

    def happens(self, count: int) -> None:
        log = self.stand.log
        for _ in range(count):
            log.happens(happening())
            self.happened.append((log.epoch, log.last))

    def begins_anew(self) -> None:
        self.epochs += 1
        self.stand.log.begin_anew(f"epoch{self.epochs}")

    def is_told(self, happened: tuple[str, int]) -> bool:
        """Whether the receiver has an event, or knows that it misses it: a gap lies before it and ends behind it."""
        where = self._when(happened)
        for message in self.received:
            place = self._when((message["epoch"], message["offset"]))
            if message["kind"] == "event" and place == where:
                return True
            if message["kind"] == "gap":
                since = self._when((message["since"]["epoch"], message["since"]["offset"]))
                if since < where <= place:
                    return True
        return False

    def _when(self, place: tuple[str, int]) -> tuple[int, int]:
        """Give a place so that earlier ones are less."""
        epoch, offset = place
        return int(epoch.removeprefix("epoch")) if epoch != "one" else 1, offset


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
async def test_each_event_arrives_or_a_gap_says_that_it_does_not(
    steps: list[tuple[str, Any]], sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What receivers add up is the truth, or they know that it is not."""
    monkeypatch.setattr(lines, "MOST_PENDING", 20)
    monkeypatch.setattr(lines, "PAGE", 7)
    monkeypatch.setattr(lines, "STUMBLE_S", 0.01)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        database = FlakyDatabase(sqlite_file(shutil.copy(sqlite_template, folder / "dexter.sqlite3")))
        stand = Stand(database, folder)
        try:
            await tried(stand, database, steps)
        finally:
            for each in stand.ran:
                await each.aclose()
            await database.aclose()


async def tried(stand: Stand, database: FlakyDatabase, steps: list[tuple[str, Any]]) -> None:
    """Go through the steps, let all end well, and see that nothing is lost in silence."""
    world = World(stand)
    wanted = await stand.subscribed()
    stand.process(PATIENT)
    for step, value in steps:
        event(step)
        match step:
            case "happens":
                world.happens(value)
            case "kill":
                await asyncio.sleep(value)
                await stand.kill(stand.ran[0])
                stand.process(PATIENT)
            case "runs":
                stand.now += 1
                await asyncio.sleep(value)
            case "answers":
                world.mood = value
            case "trims":
                stand.log.trim(value)
            case "loses":
                database.losing = value
            case _:
                world.begins_anew()
    world.mood = "yes"
    database.losing = 0

    async def is_over() -> bool:
        stand.now += 60
        kept = await stand.kept(wanted)
        is_read = (kept.epoch, kept.position) == (stand.log.epoch, stand.log.last)
        return is_read and set(await stand.states(wanted)) <= {"delivered"}

    await stand.until(is_over)
    lost = [place for place in world.happened if not world.is_told(place)]
    assert lost == []
    once = {each["id"]: (each["epoch"], each["offset"], each["kind"]) for each in world.received}
    assert len(set(once.values())) == len(once), "one thing has one id"
