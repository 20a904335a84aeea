"""A crowd in front of a slow Sentry, as `bench/crowd.py` measures it."""

import pytest
from bench.crowd import CALLERS, Crowd, measure


@pytest.fixture(scope="module")
def crowds() -> dict[str, Crowd]:
    """One run of the measurement."""
    return measure()


@pytest.fixture(autouse=True)
def without_faults() -> None:
    """The measurement brings its own processes."""


def test_identical_callers_share_one_upstream_call(crowds: dict[str, Crowd]) -> None:
    """A page that everybody opens at nine o'clock must not cost Sentry a hundred calls."""
    seen = crowds["identical, through Dexter"]
    assert seen.statuses == {200}
    assert seen.upstream_calls == 1
    assert seen.slowest_s < 1.0


def test_distinct_callers_all_have_their_answer_within_five_seconds(crowds: dict[str, Crowd]) -> None:
    """Nobody starves, though every one of them asks something else."""
    seen = crowds["distinct, through Dexter"]
    assert seen.statuses == {200}
    assert seen.upstream_calls == CALLERS
    assert seen.slowest_s < 5.0
