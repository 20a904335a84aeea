"""Jobs on DBOS: a run of a job is a workflow, each of its turns a step.

DBOS remembers which turns of a run are over. After a crash whichever process takes the job over resumes the workflow,
and DBOS goes on with the turn that broke off. It is imported and launched when this process has its first job: that
takes a second and fifty megabytes, which a gateway without jobs does not pay.

There is one DBOS in a process. Its workflows run in a loop and threads of its own, and each turn in the loop of the
gateway, where the stack is.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import structlog

from dexter.database.address import SQLITE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dexter.database.address import Address
    from dexter.database.bulk_jobs import Job

log = structlog.get_logger("dexter.bulk")

FILE = "jobs.sqlite3"
SCHEMA = "dexter_jobs"
VERSION = "1"
"""Of the workflow below. A run that another version began is not resumed but begun anew, which its tables allow."""
UNFINISHED = frozenset({"PENDING", "ENQUEUED", "DELAYED"})


class DbosEngine:
    """Carries jobs on DBOS; `take_turn` is run in the loop that this was made in."""

    def __init__(
        self, address: Address, data_dir: Path, executor: str, take_turn: Callable[[str], Awaitable[str]]
    ) -> None:
        self._address = address
        self._data_dir = data_dir
        self._executor = executor
        self._take_turn = take_turn
        self._launching: asyncio.Task[Any] | None = None

    async def carry(self, job: Job, begin_run: Callable[[], Awaitable[int]]) -> None:
        """Resume the workflow of a job's run that broke off, or start one for a new run."""
        workflows = await self._launched()
        if job.run and await asyncio.to_thread(workflows.resume, _workflow_id(job.id, job.run)):
            return
        run = await begin_run()
        await asyncio.to_thread(workflows.start, _workflow_id(job.id, run), job.id)

    async def aclose(self) -> None:
        """End DBOS's threads."""
        if self._launching is not None:
            workflows = await self._launching
            await asyncio.to_thread(workflows.close)
            self._launching = None

    async def _launched(self) -> Any:
        if self._launching is None:
            loop = asyncio.get_running_loop()
            self._launching = asyncio.ensure_future(asyncio.to_thread(self._launch, loop))
        try:
            return await asyncio.shield(self._launching)
        except Exception:
            self._launching = None
            raise

    def _launch(self, loop: asyncio.AbstractEventLoop) -> Any:
        _quiet()
        from dexter.features.bulk.dbos_workflows import Workflows

        def take_turn(job_id: str) -> asyncio.Future[str]:
            turn: Any = self._take_turn(job_id)
            return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(turn, loop))

        return Workflows(system_database(self._address, self._data_dir), SCHEMA, self._executor, VERSION, take_turn)


def system_database(address: Address, data_dir: Path) -> str:
    """Give where DBOS keeps what it remembers: a file beside Dexter's own, or a schema of the same PostgreSQL."""
    if address.engine == SQLITE:
        return f"sqlite:///{data_dir / FILE}"
    return address.url


def _workflow_id(job_id: str, run: int) -> str:
    return f"bulk-{job_id}-{run}"


class _Forward(logging.Handler):
    """Passes what DBOS finds worth a warning on to Dexter's log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        if record.exc_info is not None and isinstance(record.exc_info[1], CancelledError):
            return
        log.warning("dbos", message=record.getMessage(), level_said=record.levelname)


def _quiet() -> None:
    """Keep DBOS from writing to the console: it adds no handler where there is one."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, _Forward) for handler in logger.handlers):
        logger.addHandler(_Forward(logging.WARNING))
        logger.propagate = False
