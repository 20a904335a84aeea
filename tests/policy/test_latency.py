"""Buckets of durations and the percentiles read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.latency import BELOW_EDGE, BUCKETS, bucket_of, percentile_s, upper_s


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (0.0, 0),
        (-1.0, 0),
        (0.00001, 0),
        (0.2, BELOW_EDGE - 1),
        (0.2 + 1e-6, BELOW_EDGE),
        (0.1, BELOW_EDGE - 5),
        (0.4, BELOW_EDGE + 3),
        (3600.0, BUCKETS - 1),
    ],
)
def test_a_duration_has_its_bucket(seconds: float, bucket: int) -> None:
    """The objective's 200 ms is an edge: what takes exactly that is within it."""
    assert bucket_of(seconds) == bucket


@given(st.floats(0.00012, 50))
def test_a_bucket_holds_what_falls_into_it(seconds: float) -> None:
    """A percentile can only be as true as the bucket's bounds."""
    bucket = bucket_of(seconds)
    assert upper_s(bucket - 1) * (1 - 1e-9) <= seconds <= upper_s(bucket) * (1 + 1e-9)


def test_nothing_has_no_percentile() -> None:
    """Zero would be a claim."""
    assert percentile_s([0.0] * BUCKETS, 0.95) is None


@given(st.lists(st.floats(0.0002, 40), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_near_the_true_one(durations: list[float], share: float) -> None:
    """Four buckets to a doubling: never further off than the width of one."""
    counts = [0.0] * BUCKETS
    for duration in durations:
        counts[bucket_of(duration)] += 1
    true = sorted(durations)[max(0, -(-int(share * 1000) * len(durations) // 1000) - 1)]
    found = percentile_s(counts, share)
    assert found is not None
    assert true / 1.2 <= found <= true * 1.2
