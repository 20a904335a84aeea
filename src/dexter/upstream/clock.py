"""The time, as a value that tests can set."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time twice: for people and for durations."""

    def now(self) -> float:
        """Give the epoch second."""

    def monotonic(self) -> float:
        """Give a second that only ever grows."""


class SystemClock:
    """The machine's own."""

    def now(self) -> float:
        """Give the epoch second."""
        return time.time()

    def monotonic(self) -> float:
        """Give a second that only ever grows."""
        return time.monotonic()
