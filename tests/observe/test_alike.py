"""One record may stand for many alike answers: whoever counts, counts them all."""

from __future__ import annotations

import structlog
from tests.doubles.sentry_double import FakeClock

from dexter.observe.board import Board
from dexter.observe.figures import Figures
from dexter.observe.logs import LogRecords
from dexter.observe.metrics import Metrics
from dexter.observe.records import AnswerServed, CallFinished, Observer, Record
from dexter.observe.timeline import Past, summed
from dexter.wire import Outcome

ONE = (
    AnswerServed("/api/0", "GET x", "GET", 200, 0.004, "", Outcome.HIT),
    CallFinished("GET x", "GET", "service", "", 0.004, 200, Outcome.HIT),
)
THREE = (
    AnswerServed("/api/0", "GET x", "GET", 200, 0.004, "", Outcome.HIT, count=3),
    CallFinished("GET x", "GET", "service", "", 0.004, 200, Outcome.HIT, count=3),
)


def told(observer: Observer, records: tuple[Record, ...], times: int = 1) -> None:
    for record in records * times:
        observer(record)


def counted(metrics: Metrics) -> list[str]:
    """Give what is counted, without what the kernel says of this process, which changes while one looks."""
    return [line for line in metrics.exposition().decode().splitlines() if "process_" not in line]


def test_metrics_count_three_alike_as_three_single_ones() -> None:
    """What the fast path gives must not be missing in a rate or a hit ratio."""
    together, single = Metrics(now=lambda: 0.0), Metrics(now=lambda: 0.0)
    told(together, THREE)
    told(single, ONE, times=3)
    assert counted(together) == counted(single)
    assert any('outcome="hit"} 3.0' in line for line in counted(together))


def test_the_live_figures_count_three_alike_as_three_single_ones() -> None:
    """The error budget and the Gateway screen rest on these."""
    clock, seen = FakeClock(), []
    for records, times in ((THREE, 1), (ONE, 3)):
        board = Board()
        figures = Figures(board, clock.now)
        told(figures, records, times)
        slowest = figures.answered.slowest(clock.now(), 5)
        seen.append((summed(Past(board).slots(clock.now(), 60)), figures.take_counts(), slowest))
    assert seen[0] == seen[1]
    assert seen[0][2][0].count == 3


def test_a_log_line_says_how_many_answers_it_stands_for() -> None:
    """Thirty thousand lines a second would be worth nothing to anybody."""
    with structlog.testing.capture_logs() as written:
        told(LogRecords(), THREE)
    (line,) = written
    assert line["count"] == 3
    assert "request_id" not in line
