"""How bulk jobs come along, as events: at most two a second of each job, and its end for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dexter.features.moment import iso
from dexter.realtime.events import JOB_PROGRESS, ActorRef, FeedEvent, Source
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from dexter.realtime.intake import Intake

log = structlog.get_logger("dexter.realtime")

EVERY_S = 0.5
"""How often, at most, one job is told of."""
TOLD = ("id", "state", "phase", "counts", "progress", "eta_s")
"""What is told of a job. What was selected, and why, is for those who may see the job itself."""

Look = Callable[[str], Awaitable[dict[str, Any] | None]]
"""Gives a job as it is shown, by its id."""


class JobNews:
    """Looks after the jobs that this process carries on, and tells how they come along."""

    def __init__(self, organization: str, look: Look, now: Callable[[], float]) -> None:
        self._organization = organization
        self._look = look
        self._now = now
        self._changed: set[str] = set()
        self._has_changed = asyncio.Event()

    def changed(self, job_id: str) -> None:
        """Say that a job has come along."""
        self._changed.add(job_id)
        self._has_changed.set()

    async def tell(self, intake: Intake) -> None:
        """Tell of jobs that came along, for ever."""
        while True:
            await self._has_changed.wait()
            await self.tell_now(intake)
            await asyncio.sleep(EVERY_S)

    async def tell_now(self, intake: Intake) -> None:
        """Tell of the jobs that have come along, each as it is now."""
        changed, self._changed = self._changed, set()
        self._has_changed.clear()
        for job_id in sorted(changed):
            try:
                await self._tell(intake, job_id)
            except FeedUnavailable as error:
                log.warning("event_lost", type=JOB_PROGRESS, error=str(error))

    async def _tell(self, intake: Intake, job_id: str) -> None:
        job = await self._look(job_id)
        if job is None or job["organization"].lower() != self._organization.lower():
            return
        told = {name: job[name] for name in TOLD}
        by = job["created_by"]
        event = FeedEvent(
            type=JOB_PROGRESS,
            at=iso(self._now()),
            organization=self._organization,
            source=Source.DEXTER.value,
            actor=ActorRef("person", by["id"] or "", by["name"]),
            data=told,
        )
        # Time that passes is no progress.
        state = msgspec.json.encode({name: value for name, value in told.items() if name != "eta_s"})
        await intake.told(event, subject=f"job:{job_id}", state=state)
