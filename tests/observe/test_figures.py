"""The live figures after records: what the Gateway screen is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock

from dexter.observe.board import Board
from dexter.observe.figures import Figures
from dexter.observe.history import HOUR_S, History, latency_name
from dexter.observe.mishaps import KEPT, Mishap, Mishaps
from dexter.observe.promises import Notices, Promises, Suspended
from dexter.observe.records import (
    AnswerServed,
    AttemptFinished,
    CallFinished,
    DeprecationSeen,
    FlightLanded,
    Record,
    RefreshFailed,
    ReplyChecked,
)
from dexter.observe.timeline import KEY, LATENCIES, SLOTS, STEP_S, Field, Past, Slot, Timeline, summed
from dexter.policy.latency import bucket_of
from dexter.wire import Outcome

if TYPE_CHECKING:
    from pathlib import Path

LIST = "/api/0/organizations/{organization_id_or_slug}/issues/"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def answered(status: int = 200, seconds: float = 0.01, outcome: Outcome | None = None) -> AnswerServed:
    """An answer of the gateway's."""
    return AnswerServed("/api/0", f"GET {LIST}", "GET", status, seconds, "req-1", outcome)


def after(*records: Record) -> tuple[Figures, Slot]:
    """Give the figures after records, and the last minute of them."""
    clock, board = FakeClock(), Board()
    figures = Figures(board, clock.now)
    for record in records:
        figures(record)
    return figures, summed(Past(board).slots(clock.now(), 60))


@pytest.mark.parametrize(
    ("record", "counted"),
    [
        (answered(), {Field.REQUESTS: 1, Field.QUICK: 1}),
        (answered(seconds=0.2), {Field.REQUESTS: 1, Field.QUICK: 1}),
        (answered(seconds=0.3), {Field.REQUESTS: 1}),
        (answered(404), {Field.REQUESTS: 1, Field.QUICK: 1, Field.CLIENT_ERRORS: 1}),
        (answered(503), {Field.REQUESTS: 1, Field.QUICK: 1, Field.ERRORS: 1}),
        (answered(outcome=Outcome.HIT), {Field.REQUESTS: 1, Field.QUICK: 1, Field.HIT: 1}),
        (answered(outcome=Outcome.COLLAPSED), {Field.REQUESTS: 1, Field.QUICK: 1, Field.COLLAPSED: 1}),
        (CallFinished("GET x", "GET", "service", "r", 0.1, 200, Outcome.HIT), {Field.CALLS: 1}),
        (CallFinished("GET x", "GET", "service", "r", 0.1, error="RateLimited"), {Field.CALLS: 1, Field.REFUSED: 1}),
        (AttemptFinished("GET x", "GET", "r", 0.1, 200), {Field.ATTEMPTS: 1}),
        (AttemptFinished("GET x", "GET", "r", 0.1, 404), {Field.ATTEMPTS: 1}),
        (AttemptFinished("GET x", "GET", "r", 0.1, 502), {Field.ATTEMPTS: 1, Field.ATTEMPT_FAILURES: 1}),
        (AttemptFinished("GET x", "GET", "r", 0.1, error="TimedOut"), {Field.ATTEMPTS: 1, Field.ATTEMPT_FAILURES: 1}),
        (AttemptFinished("GET x", "GET", "r", 0.1, error="CancelledError"), {}),
        (FlightLanded("GET x", 9), {Field.FLIGHTS: 1, Field.JOINED: 9}),
    ],
)
def test_a_record_is_counted_where_it_belongs(record: Record, counted: dict[Field, int]) -> None:
    """A figure that nobody checked is decoration."""
    _, slot = after(record)
    assert {Field(place): count for place, count in enumerate(slot[1:LATENCIES], 1) if count} == counted


def test_a_duration_falls_into_its_bucket() -> None:
    """Percentiles are read from these."""
    _, slot = after(answered(seconds=0.03), answered(seconds=0.03))
    assert slot[LATENCIES + bucket_of(0.03)] == 2.0


def test_counts_for_the_thirty_days_are_taken_once() -> None:
    """Taken twice, a request would cost two of the budget."""
    figures, _ = after(answered(503, outcome=Outcome.FALLBACK), answered(outcome=Outcome.HIT))
    bucket = latency_name(bucket_of(0.01))
    assert figures.take_counts() == {"requests": 2, bucket: 2, "quick": 2, "errors": 1, "reads": 2, "hits": 1}
    assert figures.take_counts() == {}
    figures.give_back({"requests": 2})
    assert figures.take_counts() == {"requests": 2}


def test_slow_operations_come_first_with_their_errors() -> None:
    """The list is read from its top."""
    slow = AnswerServed("/api/0", "GET /api/0/slow/", "GET", 502, 3.0, "r")
    figures, _ = after(answered(), answered(), slow)
    top, second = figures.answered.slowest(FakeClock().now(), 5)
    assert (top.key, top.count, top.errors, top.max_s) == (("GET", "/api/0/slow/"), 1, 1, 3.0)
    assert (second.key, second.count, second.errors) == (("GET", LIST), 2, 0)
    assert 0.008 < second.p95_s <= 0.01


def test_an_operation_of_more_than_an_hour_ago_is_forgotten(clock: FakeClock) -> None:
    """The list is about now."""
    figures = Figures(Board(), clock.now)
    figures(answered())
    clock.pass_s(3700)
    assert figures.answered.slowest(clock.now(), 5) == []


def test_a_slot_is_cleared_when_its_turn_comes_again(clock: FakeClock) -> None:
    """Else the present hour would hold the past one too."""
    board = Board()
    timeline, past = Timeline(board), Past(board)
    timeline.count(clock.now(), Field.REQUESTS)
    clock.pass_s(SLOTS * STEP_S)
    timeline.count(clock.now(), Field.REQUESTS)
    assert summed(past.slots(clock.now(), 3600))[Field.REQUESTS] == 1.0


def test_a_reader_that_remembers_slots_gives_what_is_there(clock: FakeClock) -> None:
    """It keeps what is over, so that a watcher costs little; that must not show."""
    board = Board()
    timeline, remembering = Timeline(board), Past(board)
    for second in range(0, 5000, 7):
        timeline.count(clock.now(), Field.REQUESTS)
        clock.pass_s(7)
        if second % 3 == 0:
            seen = [slot[Field.REQUESTS] for slot in remembering.slots(clock.now(), 3600)]
            assert seen == [slot[Field.REQUESTS] for slot in Past(board).slots(clock.now(), 3600)]


def test_slots_of_two_workers_are_added(tmp_path: Path, clock: FakeClock) -> None:
    """The screen shows the gateway, not the process that happened to answer."""
    boards = [Board(tmp_path), Board(tmp_path)]
    for board in boards:
        Timeline(board).count(clock.now(), Field.REQUESTS, Field.HIT)
    total = summed(Past(boards[0]).slots(clock.now(), 60))
    assert (total[Field.REQUESTS], total[Field.HIT]) == (2.0, 2.0)
    assert total[Field.STAMP] == int(clock.now()) // STEP_S
    assert boards[0].sheets()[0].block(KEY) is not None


def test_what_drifts_and_what_is_on_its_way_out_is_listed() -> None:
    """Whoever runs Dexter learns it here before it breaks."""
    figures, _ = after(
        ReplyChecked("GET x", (("id", "missing"),)),
        ReplyChecked("GET x", ()),
        DeprecationSeen("GET y", "2026-12-01", None, brownout=False),
    )
    assert [(each.key, each.count) for each in figures.drift.listed()] == [(("GET x", "id: missing"), 1)]
    assert [(each.key, each.count) for each in figures.deprecations.listed()] == [(("GET y", "2026-12-01"), 1)]


def test_errors_are_kept_newest_first_and_bounded(clock: FakeClock) -> None:
    """An outage must not fill the memory it is looked at with."""
    figures = Figures(Board(), clock.now)
    figures(AttemptFinished("GET x", "GET", "req-0", 0.1, error="TimedOut"))
    for _ in range(KEPT + 5):
        clock.pass_s(1)
        figures(RefreshFailed("GET y", "Unreachable"))
    clock.pass_s(1)
    figures(answered(502))
    kept = figures.mishaps.latest()
    assert len(kept) == KEPT
    assert (kept[0].kind, kept[0].status, kept[0].request_id) == ("answer", 502, "req-1")
    assert all(mishap.kind == "refresh" for mishap in kept[1:])


@pytest.mark.parametrize("error", ["RateLimited", "NoPlace", "CircuitOpen"])
def test_a_refresh_that_gives_way_is_no_error(error: str) -> None:
    """It made room for people, and is tried again; among the recent errors it would hide those that somebody met."""
    figures, _ = after(RefreshFailed("GET x", error))
    assert figures.mishaps.latest() == []


def test_errors_of_all_workers_are_shown_without_credentials(tmp_path: Path) -> None:
    """A request id is the caller's own text, and may be a token by mistake."""
    token = "ab" * 32
    one, other = Mishaps(Board(tmp_path)), Mishaps(Board(tmp_path))
    one.keep(Mishap(1.0, "browser", "workbench", error=f"no entry with {token}", request_id=token))
    other.keep(Mishap(2.0, "sentry", "GET x", error="TimedOut"))
    assert [mishap.kind for mishap in one.latest()] == ["sentry", "browser"] == [each.kind for each in other.latest()]
    assert token not in repr(other.latest())
    assert token not in "".join(path.read_text() for path in tmp_path.glob("*.mishaps"))


def test_a_promise_is_suspended_until_it_is_restored(tmp_path: Path, clock: FakeClock) -> None:
    """Whoever looks must see since when what does not hold, whichever worker noticed."""
    boards = [Board(tmp_path), Board(tmp_path)]
    one, other = (Promises(board, clock.now) for board in boards)
    one.suspend("fresh", "Redis is away")
    clock.pass_s(5)
    one.suspend("fresh", "Redis is away")
    assert other.suspended() == [Suspended("fresh", "Redis is away", clock.now() - 5)]
    other.restore("fresh")
    assert len(other.suspended()) == 1
    one.restore("fresh")
    assert other.suspended() == []


def test_the_promise_of_a_worker_that_is_gone_is_no_longer_suspended(tmp_path: Path) -> None:
    """Nobody would ever restore it."""
    boards = [Board(tmp_path), Board(tmp_path)]
    Promises(boards[1]).suspend("fresh", "Redis is away")
    boards[1].close()
    assert Promises(boards[0]).suspended() == []


def test_notices_are_counted_with_their_last_moment_and_bounded(clock: FakeClock) -> None:
    """A Sentry that drifts everywhere must not take the board."""
    notices = Notices(Board(), "drift", clock.now)
    notices.note("GET x", "field a")
    clock.pass_s(5)
    notices.note("GET x", "field a")
    for number in range(Notices.MOST + 10):
        notices.note("GET y", str(number))
    listed = notices.listed()
    assert len(listed) == Notices.MOST
    assert ("GET x", "field a", 2, clock.now()) in [(*each.key, each.count, each.last_seen) for each in listed]


def test_thirty_days_are_remembered_across_restarts_and_no_longer(tmp_path: Path, clock: FakeClock) -> None:
    """An error budget that a restart refills is none."""
    path = tmp_path / "history.sqlite3"
    first = History(path)
    began = int(clock.now()) // HOUR_S * HOUR_S
    first.add(clock.now(), {"requests": 10, "errors": 1, "quick": 9, latency_name(3): 10})
    first.close()
    second, beside = History(path), History(path)
    second.add(clock.now(), {"requests": 5, "reads": 5, "hits": 4})
    traffic, since = beside.window(clock.now())
    assert (traffic.requests, traffic.errors, traffic.quick, traffic.reads, traffic.hits) == (15, 1, 9, 5, 4)
    assert (traffic.latencies[3], since) == (10, began)
    clock.pass_s(30 * 24 * HOUR_S)
    second.add(clock.now(), {"requests": 1})
    traffic, since = beside.window(clock.now())
    assert (traffic.requests, since) == (1, began + 30 * 24 * HOUR_S)
    second.close()
    beside.close()
