"""The log of writes tells whether a value that somebody was given was out of date."""

import pytest
from bench.trace_log import Values, WriteLog

A: Values = ("unresolved", "high", None)
B: Values = ("unresolved", "low", None)
C: Values = ("resolved", "low", None)


@pytest.fixture
def log() -> WriteLog:
    """An issue that was A, then B since second 10, then C since second 20."""
    log = WriteLog()
    log.begin("1", A)
    for values, returned_at in ((B, 10.0), (C, 20.0)):
        log.sent("1", values).returned_at = returned_at
    return log


@pytest.mark.parametrize(
    ("values", "asked_at", "staleness_s"),
    [(A, 5.0, 0.0), (A, 12.0, 2.0), (A, 25.0, 15.0), (B, 12.0, 0.0), (B, 21.0, 1.0), (C, 15.0, 0.0), (C, 99.0, 0.0)],
)
def test_a_value_is_overtaken_from_when_its_next_write_returned(
    log: WriteLog, values: Values, asked_at: float, staleness_s: float
) -> None:
    """Before that a reader may be given either; after that only the newer one is true."""
    assert log.staleness_s("1", values, asked_at) == staleness_s


def test_a_write_under_way_overtakes_nothing(log: WriteLog) -> None:
    """Nobody knows yet whether it has happened."""
    log.sent("1", A)
    assert log.staleness_s("1", C, 30.0) == 0.0
    assert log.staleness_s("1", A, 30.0) == 0.0


def test_a_refused_write_never_happened(log: WriteLog) -> None:
    """The next one starts from what was there before it."""
    log.refused("1", log.sent("1", A))
    assert log.present("1") == C


def test_what_nobody_wrote_is_told_apart(log: WriteLog) -> None:
    """Invented data is worse than old data."""
    assert log.staleness_s("1", ("archived", None, None), 5.0) is None
