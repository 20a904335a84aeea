"""What all turns of a job share: the tables, the way to Sentry, the clock; and how a turn says what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dexter.features.bulk.audited import asks_sentry
from dexter.features.bulk.sentry_calls import BulkSentry
from dexter.policy.bulk_image import image

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from dexter.database.bulk_jobs import BulkJobs, Item, Job
    from dexter.features.current_user import CurrentUser
    from dexter.features.sentry import Sentry
    from dexter.policy.bulk_image import Image
    from dexter.upstream.clock import Clock

MORE = "more"
"""There is another turn to take at once."""
END = "end"
"""Nothing is to be done for now."""


def wait(seconds: float) -> str:
    """Say that the next turn is to be taken later."""
    return f"wait {max(0.0, seconds):.3f}"


def seconds_of(word: str) -> float:
    """Give for how long a turn's word asks to wait."""
    return float(word.removeprefix("wait ")) if word.startswith("wait ") else 0.0


class WayToSentry(Protocol):
    """Opens the way to Sentry for a job's call."""

    def __call__(self, job_id: str, person_id: str | None, organization: str) -> Awaitable[Sentry]:
        """Give the way: with the person's own credential where they linked one, else with Dexter's."""


@dataclass(frozen=True, slots=True)
class Work:
    """One process's means to work on jobs."""

    jobs: BulkJobs
    way: WayToSentry
    users: CurrentUser
    clock: Clock
    holder: str
    """Who this process is, in leases."""
    size: int = 100
    """How many issues go in one call."""
    fresh_s: float = 300.0
    """How old a before-image may be when its issue is written."""

    async def sentry(self, job: Job, organization: str) -> BulkSentry:
        """Give the way to an organization's issues, for one call."""
        return BulkSentry(await self.way(job.id, job.created_by, organization))

    async def account(self, job: Job, items: Sequence[Item]) -> str | None:
        """Give whose account at Sentry some items are changed with, as the audit log says it; None for nobody's."""
        if not any(asks_sentry(item.wanted) for item in items):
            return None
        acting = (await self.way(job.id, job.created_by, items[0].organization)).acting
        return None if acting is None else acting.account

    async def images(self, job: Job, organization: str, ids: Sequence[str]) -> dict[str, Image]:
        """Give how issues are now, those that are gone left out."""
        sentry = await self.sentry(job, organization)
        found = {issue_id: image(group) for issue_id, group in (await sentry.by_ids(ids)).items()}
        return await self.with_labels(job, organization, found)

    async def with_labels(self, job: Job, organization: str, images: dict[str, Image]) -> dict[str, Image]:
        """Give images with Dexter's own labels, where the job changes them."""
        if not any(operation["op"] in ("label", "undo") for operation in job.operations) or not images:
            return images
        from dexter.database.bulk_labels import labels_of

        async with self.jobs.database.reading() as connection:
            labels = await labels_of(connection, organization, list(images))
        return {issue_id: {**each, "labels": labels.get(issue_id, [])} for issue_id, each in images.items()}
