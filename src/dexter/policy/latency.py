"""Durations in buckets whose width grows with them, and the percentiles read back from the counts.

An edge lies exactly on the 200 ms of the latency objective, so that the share within it is counted and not guessed.
Four buckets to a doubling put any percentile within 10 % of the truth.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EDGE_S = 0.2
PER_DOUBLING = 4
BELOW_EDGE = 44
"""Buckets below the edge: the first ends at about 0.1 ms."""
BUCKETS = BELOW_EDGE + 33
"""Buckets in all: the last begins at about 51 s."""


def bucket_of(duration_s: float) -> int:
    """Give the number of the bucket that a duration falls into; one of exactly 200 ms falls below the edge."""
    if duration_s <= 0:
        return 0
    place = BELOW_EDGE - 1 + math.ceil(math.log2(duration_s / EDGE_S) * PER_DOUBLING - 1e-9)
    return min(max(place, 0), BUCKETS - 1)


def upper_s(bucket: int) -> float:
    """Give the largest duration that a bucket holds."""
    return EDGE_S * math.exp2((bucket - BELOW_EDGE + 1) / PER_DOUBLING)


def percentile_s(counts: Sequence[float], share: float) -> float | None:
    """Give the duration below which a share of all lies, or None of nothing; within its bucket by proportion."""
    total = sum(counts)
    if total <= 0:
        return None
    wanted, passed = share * total, 0.0
    for bucket, count in enumerate(counts):
        if count and passed + count >= wanted:
            upper = upper_s(bucket)
            lower = upper / 2 ** (1 / PER_DOUBLING)
            return lower + (upper - lower) * max(0.0, wanted - passed) / count
        passed += count
    return upper_s(BUCKETS - 1)
