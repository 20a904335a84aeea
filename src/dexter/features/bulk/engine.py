"""What carries a job from turn to turn, and goes on with it after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dexter.database.bulk_jobs import Job


class Engine(Protocol):
    """Carries jobs. What it was given before a crash it can go on with after it."""

    async def carry(self, job: Job, begin_run: Callable[[], Awaitable[int]]) -> None:
        """Go on with a job, or begin to; `begin_run` counts one more run and gives its number."""

    async def aclose(self) -> None:
        """Let go of everything; no turn is under way any more."""
