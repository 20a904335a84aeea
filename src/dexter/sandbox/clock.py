"""A clock that the admin surface can put forward: a snooze of a week ends in a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ShiftedClock:
    """Tells the time of another clock, some seconds ahead of it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Give the epoch second."""
        return self._clock() + self.ahead_s
