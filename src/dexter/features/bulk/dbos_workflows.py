"""The workflow itself. Only a process that works on jobs imports this, since it imports DBOS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbos import DBOS, DBOSConfig, SetWorkflowID

from dexter.features.bulk.dbos_engine import UNFINISHED
from dexter.features.bulk.work import END, seconds_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_take_turn: Callable[[str], asyncio.Future[str]] | None = None
"""Of the one DBOS that this process has."""


NAME = "dexter.bulk"
OVER = ["SUCCESS", "ERROR", "CANCELLED"]
FORGOTTEN_AT_ONCE = 100


@DBOS.workflow(name=NAME)
async def carry(job_id: str) -> str:
    """Take turn after turn until the job ends or waits for somebody."""
    while True:
        word = await DBOS.run_step_async({"name": "turn"}, turn, job_id)
        if word == END:
            return END
        pause_s = seconds_of(word)
        if pause_s > 0:
            await DBOS.sleep_async(pause_s)


async def turn(job_id: str) -> str:
    """Take one turn in the gateway's loop."""
    assert _take_turn is not None  # noqa: S101 - set before anything is launched
    return await _take_turn(job_id)


class Workflows:
    """DBOS, launched. All of it blocks, and is for threads."""

    def __init__(
        self, url: str, schema: str, executor: str, version: str, take_turn: Callable[[str], asyncio.Future[str]]
    ) -> None:
        global _take_turn  # noqa: PLW0603 - DBOS knows its workflows by module
        _take_turn = take_turn
        config: DBOSConfig = {
            "name": "dexter",
            "system_database_url": url,
            "dbos_system_schema": schema,
            # Nobody else ever has this name, so that a launch recovers nothing by itself: leases say who goes on.
            "executor_id": executor,
            "application_version": version,
            "log_level": "WARNING",
            "enable_otlp": False,
            "sys_db_pool_size": 4,
            "scheduler_polling_interval_sec": 3600.0,
        }
        DBOS(config=config)
        try:
            DBOS.launch()
        except BaseException:
            DBOS.destroy()
            raise

    def resume(self, workflow_id: str) -> bool:
        """Go on with a workflow that broke off; False when there is none or it is over."""
        status = DBOS.get_workflow_status(workflow_id)
        if status is None or status.status not in UNFINISHED or status.app_version not in (None, _version()):
            return False
        DBOS.resume_workflow(workflow_id)
        return True

    def start(self, workflow_id: str, job_id: str) -> None:
        """Start a workflow for a run of a job. What DBOS remembers of runs that are over is of no use to anybody."""
        over = DBOS.list_workflows(name=NAME, status=OVER, limit=FORGOTTEN_AT_ONCE, load_input=False, load_output=False)
        if over:
            DBOS.delete_workflows([workflow.workflow_id for workflow in over])
        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(carry, job_id)

    def close(self) -> None:
        """End every thread."""
        DBOS.destroy()


def _version() -> str:
    from dexter.features.bulk.dbos_engine import VERSION

    return VERSION
