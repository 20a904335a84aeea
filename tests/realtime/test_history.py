"""Looking back: pages that meet without a hole, whatever is filtered, trimmed or begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.feed_log_double import FeedLogDouble, event

from dexter.realtime import history as history_module
from dexter.realtime.history import History
from dexter.realtime.hub import Position

if TYPE_CHECKING:
    from dexter.realtime.hub import Frame


@pytest.fixture
def log() -> FeedLogDouble:
    return FeedLogDouble()


@pytest.fixture
def history(log: FeedLogDouble) -> History:
    return History(log, "acme")


def everything(_: Frame) -> bool:
    return True


def resolved(frame: Frame) -> bool:
    return frame.event.type == "issue.resolved"


def offsets(frames: tuple[Frame, ...]) -> list[int]:
    return [frame.offset for frame in frames]


async def test_pages_lead_back_to_the_oldest_event_and_end_there(log: FeedLogDouble, history: History) -> None:
    log.happens(*[event()] * 5)
    first = await history.back(None, 2, everything)
    assert (offsets(first.frames), first.next, first.oldest, first.newest) == ([5, 4], Position("one", 4), 1, 5)
    second = await history.back(first.next, 2, everything)
    third = await history.back(second.next, 2, everything)
    assert (offsets(second.frames), offsets(third.frames), third.next) == ([3, 2], [1], None)


async def test_pages_lead_onward_to_the_newest_event(log: FeedLogDouble, history: History) -> None:
    log.happens(*[event()] * 3)
    first = await history.onward(Position("one", 0), 2, everything)
    assert (offsets(first.frames), first.next, first.missing) == ([1, 2], Position("one", 2), None)
    assert first.next is not None
    second = await history.onward(first.next, 2, everything)
    assert (offsets(second.frames), second.next) == ([3], None)


async def test_a_rare_filter_gives_short_pages_that_miss_nothing(
    log: FeedLogDouble, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request must not read a log of twenty thousand events to its end, and its client must get to that end."""
    monkeypatch.setattr(history_module, "LOOKED_AT", 4)
    monkeypatch.setattr(history_module, "_READ", 2)
    log.happens(event(), *[event("issue.updated")] * 8, event())
    found, place, pages = [], None, 0
    while True:
        page = await history.back(place, 10, resolved)
        found += offsets(page.frames)
        pages += 1
        if page.next is None:
            break
        place = page.next
    assert (found, pages) == ([10, 1], 3)


@pytest.mark.parametrize(
    ("since", "missing", "given"),
    [
        (Position("one", 2), "trimmed", [5, 6]),
        (Position("one", 4), None, [5, 6]),
        (Position("one", 9), "ahead", []),
        (Position("older", 5), "epoch", [5, 6]),
    ],
)
async def test_what_is_gone_is_said(
    since: Position, missing: str | None, given: list[int], log: FeedLogDouble, history: History
) -> None:
    log.happens(*[event()] * 6)
    log.trim(2)
    page = await history.onward(since, 10, everything)
    assert (page.missing, offsets(page.frames)) == (missing, given)


async def test_before_another_log_there_is_nothing_left(log: FeedLogDouble, history: History) -> None:
    log.happens(event())
    page = await history.back(Position("older", 9), 10, everything)
    assert (page.missing, page.frames, page.next, page.epoch) == ("epoch", (), None, "one")


async def test_an_empty_log_is_an_empty_page(history: History) -> None:
    page = await history.back(None, 10, everything)
    assert (page.frames, page.next, page.oldest, page.newest) == ((), None, 0, 0)
    assert await history.at(0.0) == Position("one", 0)


@pytest.mark.parametrize(("minute", "place"), [(0, 2), (3, 2), (4, 3), (7, 6), (59, 8)])
async def test_a_moment_is_found_in_the_log(minute: int, place: int, log: FeedLogDouble, history: History) -> None:
    """Events 3 to 8 happened in minutes 3 to 8; the place is the one before the first at or after the moment."""
    log.happens(*(event(at=f"2026-01-02T03:{number:02}:00Z") for number in range(1, 9)))
    log.trim(6)
    assert await history.at(1_767_322_800.0 + 60 * minute) == Position("one", place)
