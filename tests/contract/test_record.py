"""The record behind the `proven` column of `dexter catalog coverage`."""

from __future__ import annotations

import inspect
import json

import pytest
from tests.contract import test_operations
from tests.contract.conftest import PROVEN

from dexter.catalog.evidence import evidence

pytestmark = pytest.mark.breadth


def test_the_record_is_what_this_suite_proves(request: pytest.FixtureRequest) -> None:
    """The record may name an operation only if its case and both twins stand in this suite, and must name each.

    They all run in every run of the tests, so that a green run and this equality make the column true. After a
    change of the table, `pytest tests/contract --record-proven` writes the record anew.
    """
    if request.config.getoption("--record-proven", default=False):
        pytest.skip("the record is written at the end of this run")
    assert json.loads(PROVEN.read_text()) == sorted(known.key for known in test_operations.PUBLIC)
    assert evidence().proven == {known.key for known in test_operations.PUBLIC}


def test_every_case_that_counts_runs_unconditionally() -> None:
    """A case that is skipped, or expected to fail, would be counted without proving anything."""
    proving = {
        name: {mark.name for mark in test.pytestmark}
        for name, test in inspect.getmembers(test_operations, inspect.iscoroutinefunction)
        if any(mark.name == "proves" for mark in getattr(test, "pytestmark", ()))
    }
    assert set(proving) == {
        "test_an_operation_passes_through",
        "test_a_corrupted_reply_is_noticed",
        "test_a_corrupted_request_is_noticed",
    }
    assert all(marks == {"proves", "parametrize"} for marks in proving.values())
    assert "skip" not in inspect.getsource(test_operations)
