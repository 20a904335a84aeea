"""One turn of a job: whatever it needs next, in one step that can be taken again without harm.

All that a job knows is in its tables, so that a turn needs nothing but the job's id. A turn that broke off is simply
taken again, by this process or by another.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from dexter.errors import DexterError
from dexter.features.bulk.applying import Held, apply, was_changed
from dexter.features.bulk.outcome import Lost, Outage, Refusal, Wait, trouble
from dexter.features.bulk.resolving import resolve
from dexter.features.bulk.undoing import plan_undo
from dexter.features.bulk.verifying import verify
from dexter.features.bulk.work import END, MORE, wait

if TYPE_CHECKING:
    from dexter.database.bulk_jobs import Job
    from dexter.features.bulk.work import Work

log = structlog.get_logger("dexter.bulk")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
LONGEST_WAIT_S = 30.0
MOST_FAULTS = 3
"""How often in a row a turn may fail by a fault of Dexter's own before the job is given up."""
MOST_ITEMS = 1_000_000
ACTIVE = ("resolving", "applying", "verifying")


async def take_turn(work: Work, job_id: str) -> str:
    """Take the next turn of a job and say what comes after it: `more`, `wait SECONDS` or `end`."""
    from dexter.database.bulk_jobs import LeaseLost

    job = await work.jobs.find(job_id)
    if job is None:
        return END
    try:
        return await _next(work, job)
    except LeaseLost:
        return END
    except Held as held:
        return await _hold(work, job, held.why)
    except DexterError as error:
        why = trouble(error, work.clock.now())
        if isinstance(why, Wait | Outage):
            return await _hold(work, job, why)
        if isinstance(why, Lost):
            return await _hold(work, job, Outage(why.reason, work.clock.now() + _backoff(job)))
        if isinstance(why, Refusal) and job.state != "verifying":
            return await _give_up(work, job, why.reason)
        return await _fault(work, job, error)
    except Exception as error:
        return await _fault(work, job, error)


async def _next(work: Work, job: Job) -> str:
    if job.state not in ACTIVE:
        return END
    if job.wish is not None:
        return await _heed(work, job)
    match job.state:
        case "resolving":
            return await (plan_undo if job.undo_of else resolve)(work, job)
        case "applying":
            return await apply(work, job)
        case _:
            return await verify(work, job)


async def _heed(work: Work, job: Job) -> str:
    """Do what somebody wished: between two batches nothing is under way."""
    async with work.jobs.working(job.id, work.holder) as tx:
        if job.wish == "pause":
            progress = {**job.progress, "paused_in": job.state}
            reason = f"Paused by {job.wished_by}."
            await tx.write(state="paused", wish=None, resume_at=None, reason=reason, progress=progress)
            return END
        if job.state == "resolving":
            await tx.write(state="cancelled", wish=None, finished_at=tx.now, reason=f"Cancelled by {job.wished_by}.")
            await tx.change_all("pending", state="skipped", reason="The job was cancelled before its turn came.")
            await tx.count()
            return END
        # What was sent is read back and told; the rest is left alone.
        waits = job.state == "applying"
        await tx.write(wish=None, progress={**job.progress, "cancelling": waits})
    return MORE


async def _hold(work: Work, job: Job, why: Wait | Outage) -> str:
    """Wait for quota, or pause until Sentry is back."""
    now = work.clock.now()
    if isinstance(why, Wait):
        return wait(min(why.until - now, LONGEST_WAIT_S))
    async with work.jobs.working(job.id, work.holder) as tx:
        current = await tx.job()
        progress = {**current.progress, "paused_in": job.state, "outages": current.progress.get("outages", 0) + 1}
        resume_at = None if why.until is None else tx.now + timedelta(seconds=max(0.5, why.until - now))
        await tx.write(state="paused", reason=why.reason, resume_at=resume_at, progress=progress)
    return END


def _backoff(job: Job) -> float:
    return float(min(FIRST_PAUSE_S * 2 ** job.progress.get("outages", 0), LONGEST_PAUSE_S))


async def _give_up(work: Work, job: Job, reason: str) -> str:
    """End a job that cannot be done: a query that Sentry refuses, a name that nobody has."""
    waiting = await work.jobs.items(job.id, limit=MOST_ITEMS, states=("pending",)) if job.state == "applying" else []
    half_done = [item.position for item in waiting if was_changed(item)]
    async with work.jobs.working(job.id, work.holder) as tx:
        await tx.change_all("sent", state="unknown", reason=reason)
        await tx.change(half_done, state="unknown", reason=reason)
        await tx.change_all("pending", state="failed", reason=reason)
        await tx.write(state="failed", reason=reason, finished_at=tx.now)
        await tx.count()
    return END


async def _fault(work: Work, job: Job, error: Exception) -> str:
    """Try again after a fault of Dexter's own, and give up when it comes again and again."""
    log.error("bulk_turn_failed", job=job.id, state=job.state, error=repr(error), exc_info=error)
    faults = job.progress.get("faults", 0) + 1
    if faults > MOST_FAULTS:
        return await _give_up(
            work, job, f"Dexter failed: {type(error).__name__}. Whoever runs it finds more in its log."
        )
    async with work.jobs.working(job.id, work.holder) as tx:
        current = await tx.job()
        await tx.write(progress={**current.progress, "faults": faults})
    return wait(2.0**faults)
