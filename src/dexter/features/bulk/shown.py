"""One job as it is shown, for whoever follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dexter.features.bulk.desk import Desk


async def job_shown(desk: Desk, job_id: str) -> dict[str, Any] | None:
    """Give a job as it is shown, or None when there is none."""
    # Not imported above, since a start waits for nothing that only jobs need.
    from dexter.features.bulk.job_view import job_view

    job = await (await desk.jobs()).find(job_id)
    return None if job is None else job_view(job, await desk.moment())
