"""What is remembered of Sentry's API changing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.observe import evolution
from dexter.observe.board import Board
from dexter.observe.evolution import Evolution
from dexter.observe.records import CallTranslated, DeprecationSeen, FlightLanded, LinkMended, ReplyChecked

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Now:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_an_announcement_is_counted_and_its_brownouts_apart() -> None:
    """The latest word of Sentry counts; when it was last switched off is worth knowing."""
    now = Now()
    seen = Evolution(now)
    seen(DeprecationSeen("GET /a/", "2026-01-01", None, brownout=True))
    now.at = 200.0
    seen(DeprecationSeen("GET /a/", "2026-05-14", "/b/", brownout=False))
    (row,) = seen.announced()
    assert (row.date, row.replacement, row.seen, row.brownouts) == ("2026-05-14", "/b/", 2, 1)
    assert (row.last_seen, row.last_brownout) == (200.0, 100.0)


def test_drift_is_counted_by_operation_and_field_the_most_frequent_first() -> None:
    """The field that breaks most replies is looked at first."""
    seen = Evolution(Now())
    seen(ReplyChecked("GET /a/", (("x", "missing"),)))
    seen(ReplyChecked("GET /a/", (("x", "missing"), ("y", "missing"))))
    seen(ReplyChecked("GET /b/", ()))
    assert [(row.endpoint, row.field, row.count) for row in seen.drifted()] == [
        ("GET /a/", "x", 2),
        ("GET /a/", "y", 1),
    ]
    assert seen.checked == {"GET /a/": 2, "GET /b/": 1}


def test_what_one_worker_saw_every_worker_tells(tmp_path: Path) -> None:
    """An operator's question is answered by whichever worker the kernel picks."""
    now = Now()
    boards = [Board(tmp_path), Board(tmp_path)]
    one, other = (Evolution(now, board) for board in boards)
    one(DeprecationSeen("GET /a/", "2026-01-01", None, brownout=True))
    one(ReplyChecked("GET /a/", (("x", "missing"),)))
    now.at = 200.0
    other(DeprecationSeen("GET /a/", "2026-05-14", "/b/", brownout=False))
    other(ReplyChecked("GET /a/", (("x", "missing"),)))
    other(CallTranslated("GET /a/", "issue", 200))
    assert one.announced() == other.announced()
    assert (one.announced()[0].date, one.announced()[0].seen, one.announced()[0].last_brownout) == (
        "2026-05-14",
        2,
        100,
    )
    (row,) = one.drifted()
    assert (row.count, row.first_seen, row.last_seen) == (2, 100.0, 200.0)
    assert (one.checked, one.translated) == ({"GET /a/": 2}, {("GET /a/", "issue"): 1})
    for board in boards:
        board.close()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers nonsense must not fill the memory."""
    monkeypatch.setattr(evolution, "MOST", 3)
    seen = Evolution(Now())
    seen(ReplyChecked("GET /a/", tuple((f"f{number}", "missing") for number in range(9))))
    seen(ReplyChecked("GET /a/", (("f0", "missing"),)))
    assert [(row.field, row.count) for row in seen.drifted()] == [("f0", 2), ("f1", 1), ("f2", 1)]


def test_translations_and_mended_links_are_counted_and_the_rest_is_passed_over() -> None:
    """It is one observer among several."""
    seen = Evolution(Now())
    for record in (CallTranslated("GET /a/", "issue", 200), LinkMended("GET /a/"), FlightLanded("GET /a/", 3)):
        seen(record)
    assert (seen.translated, seen.mended_links) == ({("GET /a/", "issue"): 1}, {"GET /a/": 1})
