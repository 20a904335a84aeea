"""Puts the parts of bulk jobs together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.features.bulk.dbos_engine import DbosEngine
from dexter.features.bulk.desk import Desk
from dexter.features.bulk.executors import Executor
from dexter.features.bulk.runner import Runner
from dexter.features.bulk.work import Work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dexter.database.engine import Database
    from dexter.features.bulk.engine import Engine
    from dexter.features.bulk.work import WayToSentry
    from dexter.features.current_user import CurrentUser
    from dexter.upstream.clock import Clock


@dataclass(frozen=True, slots=True)
class Bulk:
    """Bulk jobs, in one process."""

    desk: Desk
    runner: Runner


def open_bulk(
    database: Database,
    data_dir: Path,
    clock: Clock,
    way: WayToSentry,
    users: CurrentUser,
    told: Callable[[str], None] = lambda job_id: None,
) -> Bulk:
    """Give the desk that takes jobs and the runner that does them; nothing heavy is imported before the first job."""
    executor = Executor(data_dir)

    async def open_work() -> Work:
        jobs = await desk.jobs()
        return Work(jobs, way, users, clock, executor.name)

    def make_engine(take_turn: Callable[[str], Awaitable[str]]) -> Engine:
        return DbosEngine(database.address, data_dir, executor.name, take_turn)

    runner = Runner(open_work, make_engine, executor, told)
    desk = Desk(database, runner, clock.now)
    return Bulk(desk, runner)
