"""Work that goes on when the caller who started it is gone: flights, refreshes, purges."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from dexter.errors import DexterError

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Background:
    """Holds running tasks so that none is lost, and ends them all at the close."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start some work. Its failure is whoever's who awaits the task, and nobody's if none does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        # Read once, or asyncio complains of a failure that nobody fetched when every caller has left.
        error = task.exception()
        if error is not None and not isinstance(error, DexterError):
            logging.getLogger("dexter.upstream").error("background_failed", exc_info=error)

    async def aclose(self) -> None:
        """Cancel what still runs and wait for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
