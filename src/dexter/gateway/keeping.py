"""Work that is done every few seconds for as long as the gateway runs, and once more at its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 5.0


class Keeper:
    """Does one piece of short work again and again."""

    def __init__(self, work: Callable[[], None], every_s: float = EVERY_S) -> None:
        self._work = work
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Do it a first time, and begin, in the running loop."""
        self._work()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            self._work()

    async def aclose(self) -> None:
        """End, after doing it a last time."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._work()
