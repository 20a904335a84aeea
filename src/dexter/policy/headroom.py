"""How much of something limited each priority may use, so that those who wait in person always find room."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import Sequence

PRIORITIES = len(Priority)

KEPT_FREE = (0.0, 0.1, 0.3, 0.5)
"""Which share is kept for the more urgent, by priority: bulk leaves them 30 %, prefetch half."""

MARGIN = 1.1
"""How much more than was needed lately is kept for the more urgent: demand is never even."""


def kept_free(priority: Priority, limit: int, expected: Sequence[float]) -> int:
    """Give how many of `limit` are kept for those more urgent than `priority`.

    `expected` is what each priority needed lately. At least one is left, so that nobody starves for ever.
    """
    wanted = max(KEPT_FREE[priority] * limit, MARGIN * sum(expected[:priority]))
    return max(0, min(ceil(wanted), limit - 1))


def free(priority: Priority, limit: int, used: Sequence[int], expected: Sequence[float] = (0.0,) * PRIORITIES) -> int:
    """Give how many more of a priority fit: what the more urgent have used already is not kept for them again."""
    return room(priority, limit, used, kept_free(priority, limit, expected))


def room(priority: Priority, limit: int, used: Sequence[int], kept: int) -> int:
    """Give how many more of a priority fit beside what is `kept` for those more urgent."""
    return max(0, limit - sum(used) - max(0, kept - sum(used[:priority])))


def per_round(priority: Priority, limit: int, expected: Sequence[float]) -> int:
    """Give how many of a priority fit in one window when the more urgent need what they needed lately."""
    return max(1, limit - ceil(sum(expected[:priority])))
