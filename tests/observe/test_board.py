"""Numbers that several workers write and each of them reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dexter.observe.board import Board, BoardFull, fresh_folder
from dexter.observe.instruments import MOST_SERIES, Instrument, Metric, merged
from dexter.observe.metrics import Metrics
from dexter.observe.records import AnswerServed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = ("metric", "requests", "GET")
COUNTER = Metric("seen_total", "counter", "Seen.", ("word",))

OTHER_WORKER = """
import sys, pathlib
from dexter.observe.board import Board
from dexter.observe.metrics import Metrics
from dexter.observe.records import AnswerServed
metrics = Metrics(Board(pathlib.Path(sys.argv[1])))
for _ in range(3):
    metrics(AnswerServed("/api/0", "GET /api/0/x/", "GET", 200, 0.02, "r"))
metrics.publish()
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def boards(tmp_path: Path) -> Iterator[list[Board]]:
    """Two workers' boards over one folder."""
    made = [Board(tmp_path), Board(tmp_path)]
    yield made
    for board in made:
        board.close()


def test_a_reader_sees_what_another_worker_writes_after_it_looked(boards: list[Board]) -> None:
    """A scrape answered by one worker must tell of all."""
    one, other = boards
    assert [sheet.block(KEY) for sheet in one.sheets()] == [None, None]
    place = other.allocate(KEY, 2)
    other.numbers[place + 1] += 5
    assert [sheet.block(KEY) for sheet in one.sheets()] == [None, [0.0, 5.0]]
    other.numbers[place + 1] += 1
    assert one.sheets()[1].block(KEY) == [0.0, 6.0]


def test_a_worker_that_ended_keeps_its_counts_and_is_said_to_be_gone(boards: list[Board]) -> None:
    """A counter that falls when a worker is replaced looks like a restart."""
    one, other = boards
    other.numbers[other.allocate(KEY, 1)] = 7.0
    other.close()
    gone = one.sheets()[1]
    assert (gone.block(KEY), gone.is_live) == ([7.0], False)


def test_a_board_without_a_folder_is_this_processs_own() -> None:
    """One worker needs no files."""
    board = Board()
    board.numbers[board.allocate(KEY, 3)] = 1.0
    assert [sheet.block(KEY) for sheet in board.sheets()] == [[1.0, 0.0, 0.0]]
    board.close()
    assert board.sheets()[0].block(KEY) == [1.0, 0.0, 0.0]


def test_a_key_keeps_its_place() -> None:
    """Two instruments of one name are one."""
    board = Board()
    assert board.allocate(KEY, 2) == board.allocate(KEY, 2)


def test_a_full_board_says_so_and_a_metric_falls_back_to_the_star() -> None:
    """Whoever finds a way to make labels must not make memory."""
    board = Board(capacity=3)
    instrument = Instrument(board, COUNTER)
    for word in ("a", "b", "c", "d"):
        instrument.add(1, word)
    assert merged(board, {COUNTER.name: COUNTER})[COUNTER.name] == {("*",): [2.0], ("a",): [1.0], ("b",): [1.0]}
    with pytest.raises(BoardFull):
        board.allocate(("more",), 1)


def test_a_metric_takes_no_more_label_sets_than_it_may() -> None:
    """A scrape must stay readable."""
    board = Board()
    instrument = Instrument(board, COUNTER)
    for word in range(MOST_SERIES + 5):
        instrument.add(1, str(word))
    series = merged(board, {COUNTER.name: COUNTER})[COUNTER.name]
    assert (len(series), series["*",]) == (MOST_SERIES + 1, [5.0])


@pytest.mark.parametrize(("merge", "value"), [("sum", 5.0), ("max", 3.0), ("latest", 2.0)])
def test_a_gauge_of_two_workers_is_joined_as_it_says(boards: list[Board], merge: str, value: float) -> None:
    """The sum of two breakers' states would be nonsense, and so would the most of two sizes."""
    gauge = Metric("size", "gauge", "Size.", merge=merge)  # type: ignore[arg-type]
    Instrument(boards[0], gauge).put(3.0, 100.0)
    Instrument(boards[1], gauge).put(2.0, 200.0)
    assert merged(boards[0], {"size": gauge})["size"][()][0] == value


def samples(exposition: bytes) -> dict[tuple[str, str], float]:
    """Give values by name and the label that tells series apart here."""
    families = text_string_to_metric_families(exposition.decode())
    return {
        (sample.name, sample.labels.get("endpoint") or sample.labels.get("call_class", "")): sample.value
        for family in families
        for sample in family.samples
        if "le" not in sample.labels
    }


def test_a_worker_killed_at_once_loses_no_count_but_its_gauges(tmp_path: Path) -> None:
    """kill -9 is how the kernel ends a process that is out of memory, the moment when figures matter."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_WORKER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"written\n"
        metrics = Metrics(Board(tmp_path))
        metrics(AnswerServed("/api/0", "GET /api/0/x/", "GET", 200, 0.02, "r"))
        both = samples(metrics.exposition())
        other.send_signal(signal.SIGKILL)
        other.wait()
    after = samples(metrics.exposition())
    assert both["api_request_total", "/api/0/x/"] == after["api_request_total", "/api/0/x/"] == 4.0
    assert (both["dexter_workers", ""], after["dexter_workers", ""]) == (2.0, 1.0)
    assert both["process_resident_memory_bytes", ""] > after["process_resident_memory_bytes", ""] + 5_000_000


def test_a_start_removes_what_starts_before_it_left_and_nobody_uses(tmp_path: Path) -> None:
    """State that only ever grows fills a disk; state of a gateway that runs beside is not ours to remove."""
    own = fresh_folder(tmp_path)
    dead = own.parent / f"board-{subprocess_id()}-00"
    dead.mkdir()
    (dead / "1.numbers").write_bytes(b"x")
    again = fresh_folder(tmp_path)
    assert sorted(path.name for path in own.parent.iterdir()) == sorted([own.name, again.name])


def subprocess_id() -> int:
    """Give the id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert ended.pid != os.getpid()
    return ended.pid
