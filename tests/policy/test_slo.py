"""The objectives, as a table of what was counted and what is said of it."""

from __future__ import annotations

import pytest

from dexter.policy.latency import BUCKETS, bucket_of
from dexter.policy.slo import OBJECTIVES, Budget, Standing, Traffic, standings


def latencies(**counts: int) -> list[float]:
    """Give the buckets with so many requests of so many milliseconds, such as `ms20=5`."""
    buckets = [0.0] * BUCKETS
    for name, count in counts.items():
        buckets[bucket_of(int(name[2:]) / 1000)] += count
    return buckets


def standing(name: str, window: Traffic, *, covered: int = 0, published: int = 0) -> Standing:
    """Give how one objective stands."""
    stand = standings(window, Traffic(), covered=covered, published=published)
    return next(each for each in stand if each.objective.name == name)


@pytest.mark.parametrize(
    ("name", "window", "met", "budget"),
    [
        (
            "latency",
            Traffic(requests=100, quick=96, latencies=latencies(ms20=96, ms900=4)),
            True,
            Budget(pytest.approx(5), 4, pytest.approx(1)),
        ),
        (
            "latency",
            Traffic(requests=100, quick=90, latencies=latencies(ms20=90, ms900=10)),
            False,
            Budget(pytest.approx(5), 10, pytest.approx(-5)),
        ),
        ("errors", Traffic(requests=10_000, errors=9), True, Budget(pytest.approx(10), 9, pytest.approx(1))),
        ("errors", Traffic(requests=10_000, errors=10), False, Budget(pytest.approx(10), 10, pytest.approx(0))),
        ("errors", Traffic(requests=5, errors=0), None, Budget(pytest.approx(0.005), 0, pytest.approx(0.005))),
        ("hit_ratio", Traffic(reads=99, hits=0), None, Budget(pytest.approx(19.8), 99, pytest.approx(-79.2))),
        ("hit_ratio", Traffic(reads=100, hits=81), True, Budget(pytest.approx(20), 19, pytest.approx(1))),
        ("hit_ratio", Traffic(reads=100, hits=80), False, Budget(pytest.approx(20), 20, pytest.approx(0))),
    ],
)
def test_an_objective_is_met_or_not_with_budget_left(
    name: str, window: Traffic, met: bool | None, budget: Budget
) -> None:
    """The targets are bounds that must be crossed, not touched; a handful of requests proves nothing."""
    found = standing(name, window)
    assert (found.met, found.budget) == (met, budget)


@pytest.mark.parametrize(("covered", "published", "met"), [(223, 223, True), (200, 223, False), (0, 0, None)])
def test_coverage_is_a_share_without_a_budget(covered: int, published: int, met: bool | None) -> None:
    """It does not change with traffic."""
    found = standing("coverage", Traffic(), covered=covered, published=published)
    assert (found.met, found.budget) == (met, None)


def test_nothing_counted_is_neither_met_nor_missed() -> None:
    """A gateway that nobody used has not proven anything."""
    stand = standings(Traffic(), Traffic(), covered=0, published=0)
    assert [(each.measured, each.met, each.last_hour) for each in stand] == [(None, None, None)] * len(OBJECTIVES)


def test_the_last_hour_stands_beside_the_window() -> None:
    """Whoever mends something wants to see it before thirty days have passed."""
    stand = standings(Traffic(reads=100, hits=10), Traffic(reads=10, hits=9), covered=1, published=1)
    assert next(each.last_hour for each in stand if each.objective.name == "hit_ratio") == 0.9
