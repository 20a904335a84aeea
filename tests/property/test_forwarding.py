"""Whatever happens while events are forwarded: each one arrives, or a gap does that says where it was.

Processes are killed at any moment, the receiver goes away and comes back, says no or takes its time, the log is trimmed
or begins anew, in any order.
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
from tests.realtime.outgoing_stand import Stand

from dexter.database.address import sqlite_file
from dexter.database.engine import Database
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

    def is_told(self, epoch: str, offset: int) -> bool:
        """Whether the receiver has an event, or knows that it misses it."""
        for message in self.received:
            place = (message["epoch"], message["offset"])
            if message["kind"] == "event" and place == (epoch, offset):
                return True
            if message["kind"] == "gap":
                since = message["since"]
                if since["epoch"] == epoch and since["offset"] < offset and (place[0] != epoch or offset <= place[1]):
                    return True
        # An epoch that nobody read a record of lies between two others that a gap names.
        return self.is_skipped(epoch)

    def is_skipped(self, epoch: str) -> bool:
        order = ["one", *(f"epoch{number}" for number in range(2, self.epochs + 1))]
        gaps = [(each["since"]["epoch"], each["epoch"]) for each in self.received if each["kind"] == "gap"]
        return any(order.index(since) < order.index(epoch) < order.index(place) for since, place in gaps)


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
        database = Database(sqlite_file(shutil.copy(sqlite_template, folder / "dexter.sqlite3")))
        stand = Stand(database, folder)
        try:
            await tried(stand, steps)
        finally:
            for each in stand.ran:
                await each.aclose()
            await database.aclose()


async def tried(stand: Stand, steps: list[tuple[str, Any]]) -> None:
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
            case _:
                world.begins_anew()
    world.mood = "yes"

    async def is_over() -> bool:
        stand.now += 60
        kept = await stand.kept(wanted)
        is_read = (kept.epoch, kept.position) == (stand.log.epoch, stand.log.last)
        return is_read and set(await stand.states(wanted)) <= {"delivered"}

    await stand.until(is_over)
    lost = [place for place in world.happened if not world.is_told(*place)]
    assert lost == []
    once = {each["id"]: (each["epoch"], each["offset"], each["kind"]) for each in world.received}
    assert len(set(once.values())) == len(once), "one thing has one id"
