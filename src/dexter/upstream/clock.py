"""The time, as a value that tests can set."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time twice: for people and for durations."""

    def now(self) -> float:
        """Give the epoch second."""

    def monotonic(self) -> float:
        """Give a second that only ever grows."""

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class SystemClock:
    """The machine's own."""

    def now(self) -> float:
        """Give the epoch second."""
        return time.time()

    def monotonic(self) -> float:
        """Give a second that only ever grows."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        await asyncio.sleep(seconds)
