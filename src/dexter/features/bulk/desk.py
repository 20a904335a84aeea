"""Where people ask for jobs, look at them, and say how they go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dexter.errors import BadRequest, NotFound
from dexter.features.upstream_errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dexter.database.bulk_jobs import BulkJobs, Item, Job
    from dexter.database.engine import Database
    from dexter.features.bulk.forms import BulkRequest
    from dexter.features.bulk.runner import Runner

Json = dict[str, Any]

SEVERAL = "*"
"""The organization of a job that is about several."""
RUNNING = ("resolving", "applying", "verifying")


@dataclass(frozen=True, slots=True)
class By:
    """Who asks."""

    id: str | None
    name: str


class Desk:
    """Takes what people ask of jobs; the runner does it."""

    def __init__(self, database: Database, runner: Runner, now: Callable[[], float]) -> None:
        self._database = database
        self._runner = runner
        self._now = now
        self._jobs: BulkJobs | None = None

    async def jobs(self) -> BulkJobs:
        """Give the tables, open."""
        if self._jobs is None:
            await self._database.engine()  # which imports what the tables need, without holding up this loop
            from dexter.database.bulk_jobs import BulkJobs

            self._jobs = BulkJobs(self._database, self._now)
        return self._jobs

    async def moment(self) -> datetime:
        """Give the present moment as jobs count it."""
        return (await self.jobs()).moment()

    async def ask(self, request: BulkRequest, asked: Sequence[Mapping[str, Any]], by: By, face: str) -> Job:
        """Take a job; `asked` are its selection's parts in Sentry's words."""
        organizations = {part["organization"] for part in asked}
        jobs = await self.jobs()
        job_id = uuid4().hex
        given = request.selection.model_dump(exclude_unset=True)
        job = await jobs.create(
            {
                "id": job_id,
                "organization": next(iter(organizations)) if len(organizations) == 1 else SEVERAL,
                "created_by": by.id,
                "created_by_name": by.name,
                "face": face,
                "state": "resolving",
                "selection": {"given": given, "asked": [dict(part) for part in asked], "note": request.note},
                "operations": [operation.model_dump(exclude_unset=True) for operation in request.operations],
                "progress": {"auto": request.apply},
            }
        )
        self._runner.wake()
        return job

    async def find(self, job_id: str) -> Job:
        """Give a job. Raises NotFound."""
        job = await (await self.jobs()).find(job_id)
        if job is None:
            raise NotFound("There is no such job.", remedy="GET /api/v1/bulk lists those that there are.")
        return job

    async def page(
        self, organizations: Sequence[str] | None, cursor: str | None, limit: int
    ) -> tuple[list[Job], str | None]:
        """Give jobs, the latest first, and the cursor of the next page."""
        found = await (await self.jobs()).page(organizations, _read_cursor(cursor), limit + 1)
        more = found[:limit]
        last = more[-1] if len(found) > limit else None
        return more, None if last is None else f"{last.created_at.isoformat()}~{last.id}"

    async def items(
        self, job_id: str, state: str | None, cursor: str | None, limit: int
    ) -> tuple[list[Item], str | None]:
        """Give items in the order of the selection, and the cursor of the next page."""
        if cursor is not None and not cursor.isdecimal():
            raise BadRequest("This is not a cursor of this list.")
        states = None if state is None else (state, "sent") if state == "pending" else (state,)
        after = -1 if cursor is None else int(cursor)
        found = await (await self.jobs()).items(job_id, after=after, limit=limit + 1, states=states)
        more = found[:limit]
        return more, str(more[-1].position) if len(found) > limit else None

    async def apply(self, job: Job, token: str | None) -> Job:
        """Let a previewed job go on. Raises Conflict when its preview is another one, or was not looked at."""
        if job.state != "previewed":
            raise Conflict(f"The job is {job.state}, and only a previewed one can be applied.")
        must = bool((job.preview or {}).get("needs_confirmation"))
        if (must or token is not None) and token != job.confirmation_hash:
            raise Conflict(
                "The confirmation is not that of the job's present preview.",
                remedy="Read GET /api/v1/bulk/{id}, look at its preview, and send preview.confirmation.",
            )
        jobs = await self.jobs()
        if not await jobs.ask(job.id, ("previewed",), state="applying", started_at=jobs.moment()):
            raise Conflict("The job went on meanwhile.")
        return await self._went_on(job.id)

    async def pause(self, job: Job, by: By) -> Job:
        """Let a job stop after what is under way."""
        jobs = await self.jobs()
        wishes = await jobs.ask(job.id, RUNNING, wish="pause", wished_by=by.name)
        if not wishes:
            # One that waits for Sentry waits for a person from now on.
            waits = await jobs.ask(job.id, ("paused",), resume_at=None, reason=f"Paused by {by.name}.")
            if not waits:
                raise Conflict(f"The job is {job.state}: there is nothing to pause.")
        return await self._went_on(job.id)

    async def resume(self, job: Job) -> Job:
        """Let a paused job go on now."""
        jobs = await self.jobs()
        if not await jobs.ask(job.id, ("paused",), resume_at=jobs.moment(), wish=None):
            raise Conflict(f"The job is {job.state}, and only a paused one can be resumed.")
        return await self._went_on(job.id)

    async def cancel(self, job: Job, by: By) -> Job:
        """End a job: what is under way is finished and told, the rest is left alone."""
        jobs = await self.jobs()
        previewed = {"state": "cancelled", "finished_at": jobs.moment(), "reason": f"Cancelled by {by.name}."}
        done = (
            await jobs.ask(job.id, ("previewed",), **previewed)
            or await jobs.ask(job.id, RUNNING, wish="cancel", wished_by=by.name)
            or await jobs.ask(job.id, ("paused",), wish="cancel", wished_by=by.name, resume_at=jobs.moment())
        )
        if not done:
            raise Conflict(f"The job is {job.state}: there is nothing to cancel.")
        return await self._went_on(job.id)

    async def undo(self, job: Job, by: By, face: str) -> Job:
        """Take a job back by another one, which begins at once."""
        from dexter.features.bulk.job_view import job_view

        why = job_view(job, await self.moment())["undo"]["why"]
        if why is not None:
            raise Conflict(f"The job cannot be undone. {why}")
        undo = {
            "id": uuid4().hex,
            "organization": job.organization,
            "created_by": by.id,
            "created_by_name": by.name,
            "face": face,
            "state": "resolving",
            "selection": {
                "given": {"job": job.id},
                "asked": [{"organization": part["organization"]} for part in job.selection["asked"]],
            },
            "operations": [{"op": "undo", "job": job.id}],
            "undo_of": job.id,
        }
        made = await (await self.jobs()).begin_undo(job.id, undo)
        if made is None:
            raise Conflict("The job is taken back by another job already.")
        self._runner.wake()
        return made

    async def _went_on(self, job_id: str) -> Job:
        self._runner.wake()
        return await self.find(job_id)


def _read_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    moment, _, job_id = cursor.partition("~")
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        raise BadRequest("This is not a cursor of this list.") from None
    if read.tzinfo is None or not job_id:
        raise BadRequest("This is not a cursor of this list.")
    return read, job_id
