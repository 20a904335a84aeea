"""Who looks at an issue: people and not sockets, over all processes, and gone by themselves when a process is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.feed_log_double import FeedLogDouble
from tests.doubles.sentry_double import FakeClock

from dexter.policy.issue_facts import IssueName
from dexter.policy.issue_feed import IssueFacts, Known
from dexter.realtime import presence as presence_module
from dexter.realtime.events import packed_known, unpacked
from dexter.realtime.presence import COUNTS_S, Presence, Viewer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ADA, BOB = Viewer("1", "Ada"), Viewer("2", "Bob")


@pytest.fixture
def log() -> FeedLogDouble:
    return FeedLogDouble()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def here(log: FeedLogDouble, clock: FakeClock) -> AsyncIterator[Presence]:
    """One process."""
    process = Presence(log, "acme", clock.now)
    yield process
    await process.aclose()


@pytest.fixture
async def there(log: FeedLogDouble, clock: FakeClock) -> AsyncIterator[Presence]:
    """Another one."""
    process = Presence(log, "acme", clock.now)
    yield process
    await process.aclose()


def told(log: FeedLogDouble) -> list[list[str]]:
    """Who was said to be there, event by event."""
    return [[each["name"] for each in unpacked(record.body).after["people"]] for record in log.records]


async def gone(presence: Presence, viewer: Viewer, issue: str = "7") -> None:
    presence.leaves(viewer, issue)
    for task in tuple(presence._leaving):
        await task


async def test_who_comes_and_goes_is_told_over_processes(here: Presence, there: Presence, log: FeedLogDouble) -> None:
    """Two people in front of the same issue seldom sit before the same process."""
    await here.looks(ADA, "7")
    await there.looks(BOB, "7")
    await gone(here, ADA)
    await gone(there, BOB)
    assert told(log) == [["Ada"], ["Ada", "Bob"], ["Bob"], []]


async def test_two_windows_of_one_person_are_one(here: Presence, there: Presence, log: FeedLogDouble) -> None:
    """Only the last one to close is a leaving."""
    await here.looks(ADA, "7")
    await here.looks(ADA, "7")
    await gone(here, ADA)
    assert told(log) == [["Ada"]]
    await gone(here, ADA)
    assert told(log) == [["Ada"], []]


async def test_an_event_names_the_issue_and_its_project_where_they_are_known(
    here: Presence, log: FeedLogDouble
) -> None:
    """Whoever may see some projects only must hear of those alone."""
    log.known["7"] = packed_known(IssueName("7", "SHOP-7", "Oops", "shop"), Known(IssueFacts(), 1.0))
    await here.looks(ADA, "7")
    await here.looks(ADA, "8")
    named, unnamed = (unpacked(record.body) for record in log.records)
    assert named.issue is not None
    assert (named.type, named.project, named.issue.short_id, named.before) == (
        "presence",
        "shop",
        "SHOP-7",
        {"people": []},
    )
    assert unnamed.project is None


async def test_who_stays_is_said_again_without_an_event(here: Presence, log: FeedLogDouble, clock: FakeClock) -> None:
    """The log is for what happens, and nothing does."""
    await here.looks(ADA, "7")
    for _ in range(10):
        clock.pass_s(COUNTS_S - 1)
        await here.say_again()
    assert told(log) == [["Ada"]]


async def test_those_of_a_process_that_died_go_by_themselves(
    here: Presence, there: Presence, log: FeedLogDouble, clock: FakeClock
) -> None:
    """A ghost that looks at an issue keeps others from working on it."""
    await here.looks(ADA, "7")
    there.noticed("7")
    clock.pass_s(COUNTS_S - 1)
    await there.say_again()
    assert told(log) == [["Ada"]]
    clock.pass_s(1)
    await there.say_again()
    assert told(log) == [["Ada"], []]
    assert not there._watched


async def test_a_process_says_it_now_and_then_as_long_as_somebody_looks(
    here: Presence, log: FeedLogDouble, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also through an outage of the log, after which it goes on."""
    monkeypatch.setattr(presence_module, "SAY_AGAIN_S", 0)
    settled: list[Any] = []
    real = log.settle

    async def settle(*args: Any) -> Any:
        settled.append(args)
        return await real(*args)

    monkeypatch.setattr(log, "settle", settle)
    await here.looks(ADA, "7")
    log.is_down = True
    await gone(Presence(log, "acme", clock.now), BOB)
    for _ in range(5):
        await asyncio.sleep(0)
    log.is_down = False
    before = len(settled)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(settled) > before
    await gone(here, ADA)
    for _ in range(10):
        await asyncio.sleep(0)
    assert (told(log)[-1], here._watched) == ([], set())
