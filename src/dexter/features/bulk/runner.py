"""Takes jobs up in this process: new ones, those whose process died, and those that waited for Sentry to come back.

Every worker has a runner, and the lease of a job decides which of them carries it. A look at the table every two
seconds is all that an idle one costs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from dexter.features.bulk.work import END, wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dexter.features.bulk.engine import Engine
    from dexter.features.bulk.executors import Executor
    from dexter.features.bulk.work import Work

log = structlog.get_logger("dexter.bulk")

LOOK_S = 2.0
RENEW_S = 5.0
STUMBLE_S = 2.0
STOP_S = 10.0


class Runner:
    """This process's part in all jobs.

    `open_work` is awaited once, when the database is there; `told` hears of each job that has come along.
    """

    def __init__(
        self,
        open_work: Callable[[], Awaitable[Work]],
        make_engine: Callable[[Callable[[str], Awaitable[str]]], Engine],
        executor: Executor,
        told: Callable[[str], None] = lambda job_id: None,
    ) -> None:
        self._told = told
        self._open_work = open_work
        self._executor = executor
        self._engine = make_engine(self.turn)
        self._work: Work | None = None
        self._carried: dict[str, bool] = {}
        """The jobs whose lease is this process's; whether a turn is under way."""
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._renewed_at = 0.0

    def start(self) -> None:
        """Begin to look for jobs, in the running loop."""
        self._task = asyncio.create_task(self._look_on())

    def wake(self) -> None:
        """Look at once: there is something new."""
        self._woken.set()

    async def aclose(self) -> None:
        """Finish the turns under way, give the leases back, and stop."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), STOP_S)
        if self._work is not None:
            for job_id in list(self._carried):
                await self._work.jobs.release(job_id, self._executor.name)
        await self._engine.aclose()
        self._executor.end()

    async def turn(self, job_id: str) -> str:
        """Take a job's next turn, for the engine. Whatever goes wrong, this says how to go on."""
        work = self._work
        if work is None or self._stopping:
            return END
        # Not imported above, since a start waits for nothing that only jobs need.
        from dexter.features.bulk.turns import take_turn

        try:
            if job_id not in self._carried and not await work.jobs.take(job_id, self._executor.name):
                return END
            self._carried[job_id] = True
            self._idle.clear()
            word = await take_turn(work, job_id)
            self._told(job_id)
            if word == END:
                await work.jobs.release(job_id, self._executor.name)
                del self._carried[job_id]
        except Exception as error:
            log.error("bulk_turn_broke_off", job=job_id, error=repr(error), exc_info=error)
            return wait(STUMBLE_S)
        finally:
            if job_id in self._carried:
                self._carried[job_id] = False
            if not any(self._carried.values()):
                self._idle.set()
        if word == END:
            # What ended may have left something to do, such as a preview that is applied already.
            self.wake()
        return word

    async def _look_on(self) -> None:
        while not self._stopping:
            try:
                await self._look()
            except Exception as error:
                log.warning("bulk_look_failed", error=repr(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_S)
            self._woken.clear()

    async def _look(self) -> None:
        if self._work is None:
            self._work = await self._open_work()
        jobs, clock = self._work.jobs, self._work.clock
        if self._carried and clock.monotonic() - self._renewed_at >= RENEW_S:
            self._renewed_at = clock.monotonic()
            await jobs.renew(list(self._carried), self._executor.name)
        for job_id, holder, held_until in await jobs.waiting():
            if job_id in self._carried:
                continue
            over = holder is None or held_until is None or held_until < jobs.moment() or self._is_dead(holder)
            if over:
                await self._take_up(job_id, holder)

    def _is_dead(self, holder: str) -> bool:
        from dexter.database.bulk_jobs import OFFERED

        return self._executor.is_dead(holder.removeprefix(OFFERED))

    async def _take_up(self, job_id: str, holder: str | None) -> None:
        assert self._work is not None  # noqa: S101 - opened by the look that found the job
        jobs = self._work.jobs
        self._executor.begin()
        job = await jobs.offer(job_id, holder, self._executor.name)
        if job is None:
            return
        try:
            await self._engine.carry(job, lambda: jobs.begin_run(job_id))
        except Exception as error:
            log.error("bulk_job_not_carried", job=job_id, error=repr(error), exc_info=error)
            reason = f"This Dexter cannot work on it just now: {type(error).__name__}. It tries again."
            await jobs.ask(job_id, (job.state,), reason=reason)
