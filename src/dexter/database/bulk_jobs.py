"""Bulk jobs and their items as they are kept, and the lease that says which process works on a job.

Every write of whoever works on a job is made within `working`, which fails when the lease has gone to another: two
processes can never both take an item up.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from dexter.database.audit import told
from dexter.database.columns import at
from dexter.database.marks import move_marks
from dexter.database.tables import audit, bulk_item, bulk_job, lease

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database

WORKED_ON = ("resolving", "applying", "verifying")
"""The states in which a job wants somebody to work on it."""
STATES = ("pending", "sent", "done", "unchanged", "skipped", "failed", "unknown")
LEASE_S = 15.0
"""How long a process may be silent before another takes its jobs over."""
OFFERED = "offered by "
"""Begins the holder of a lease on a job that is about to be taken up, by whichever process comes to it."""


class _NotDue(Exception):
    """There is nothing to do for the job now."""


class LeaseLost(Exception):
    """Another process works on the job now."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is kept."""

    id: str
    organization: str
    created_by: str | None
    created_by_name: str
    face: str
    state: str
    selection: dict[str, Any]
    operations: list[dict[str, Any]]
    preview: dict[str, Any] | None
    confirmation_hash: str | None
    counts: dict[str, int] | None
    undo_of: str | None
    undone_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    undo_until: datetime | None
    reason: str | None
    version: int
    run: int
    wish: str | None
    wished_by: str | None
    resume_at: datetime | None
    progress: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One issue of a job as it is kept."""

    job_id: str
    position: int
    organization: str
    project: str | None
    issue_id: str
    short_id: str | None
    title: str | None
    before: dict[str, Any] | None
    wanted: dict[str, Any]
    after: dict[str, Any] | None
    state: str
    reason: str | None
    updated_at: datetime
    imaged_at: datetime | None
    step: int
    batch: str
    answered: bool


class JobWork:
    """What the process that holds a job's lease writes in one transaction."""

    def __init__(self, connection: AsyncConnection, job_id: str, now: datetime) -> None:
        self.connection = connection
        self.job_id = job_id
        self.now = now

    async def job(self) -> Job:
        """Give the job as it is within this transaction."""
        row = (await self.connection.execute(select(bulk_job).where(bulk_job.c.id == self.job_id))).one()
        return _job(row)

    async def write(self, **values: Any) -> None:
        """Change the job; whoever watches it sees a new version."""
        await self.connection.execute(
            update(bulk_job).where(bulk_job.c.id == self.job_id).values(version=bulk_job.c.version + 1, **values)
        )

    async def known(self, organization: str, issue_ids: Sequence[str]) -> set[str]:
        """Give which of these issues the job has already."""
        asked = select(bulk_item.c.issue_id).where(
            bulk_item.c.job_id == self.job_id,
            bulk_item.c.organization == organization,
            bulk_item.c.issue_id.in_(list(issue_ids)),
        )
        return set((await self.connection.execute(asked)).scalars())

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add items."""
        if rows:
            defaults = {"after": None, "reason": None, "step": 0, "batch": "", "answered": False, "imaged_at": self.now}
            values = [{**defaults, **row, "job_id": self.job_id, "updated_at": self.now} for row in rows]
            await self.connection.execute(insert(bulk_item), values)

    async def change(self, positions: Sequence[int], **values: Any) -> None:
        """Change some items in the same way."""
        if positions:
            await self.connection.execute(
                update(bulk_item)
                .where(bulk_item.c.job_id == self.job_id, bulk_item.c.position.in_(list(positions)))
                .values(updated_at=self.now, **values)
            )

    async def change_each(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Change items each in its own way: every row names a `position` and the same columns."""
        if rows:
            columns = [name for name in rows[0] if name != "position"]
            statement = (
                update(bulk_item)
                .where(bulk_item.c.job_id == self.job_id, bulk_item.c.position == bindparam("at_position"))
                .values(updated_at=self.now, **{name: bindparam(f"new_{name}") for name in columns})
            )
            values = [
                {"at_position": row["position"], **{f"new_{name}": row[name] for name in columns}} for row in rows
            ]
            await self.connection.execute(statement, values)

    async def change_all(self, was: str, **values: Any) -> None:
        """Change every item in a state in the same way."""
        await self.connection.execute(
            update(bulk_item)
            .where(bulk_item.c.job_id == self.job_id, bulk_item.c.state == was)
            .values(updated_at=self.now, **values)
        )

    async def merged(self, organization: str, project: str | None, survivor: str) -> None:
        """Note which issue survives of those that were merged in a project, by whichever call; it gets their marks."""
        theirs = (
            bulk_item.c.job_id == self.job_id,
            bulk_item.c.organization == organization,
            bulk_item.c.project == project,
            bulk_item.c.state == "sent",
            bulk_item.c.answered,
            bulk_item.c.step == 1,
        )
        gone = (await self.connection.execute(select(bulk_item.c.issue_id).where(*theirs))).scalars().all()
        await move_marks(self.connection, organization, gone, survivor)
        changed = update(bulk_item).where(*theirs)
        await self.connection.execute(changed.values(after={"merged_into": survivor}, updated_at=self.now))
        job = await self.job()
        merged = {**job.progress.get("merged", {}), f"{organization}/{project}": survivor}
        await self.write(progress={**job.progress, "merged": merged})

    async def audit(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write down what was done to items, in the transaction that says so."""
        if rows:
            values = [{**row, "before": told(row["before"]), "after": told(row["after"])} for row in rows]
            await self.connection.execute(insert(audit), [{"at": self.now, **each} for each in values])

    async def count(self) -> dict[str, int]:
        """Count the items by state, and keep the counts with the job."""
        counts = await _counts(self.connection, self.job_id)
        await self.write(counts=counts)
        return counts


class BulkJobs:
    """The jobs of a database. `now` gives epoch seconds."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    @property
    def database(self) -> Database:
        """The database they are in."""
        return self._database

    def moment(self) -> datetime:
        """Give the present moment as it is kept."""
        return at(self._now())

    # ---------------------------------------------------------------- reading

    async def find(self, job_id: str) -> Job | None:
        """Give a job, or None."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(bulk_job).where(bulk_job.c.id == job_id))).one_or_none()
        return None if row is None else _job(row)

    async def page(
        self, organizations: Sequence[str] | None, after: tuple[datetime, str] | None, limit: int
    ) -> list[Job]:
        """Give jobs, the latest first; `organizations` of None is all of them."""
        asked = select(bulk_job).order_by(bulk_job.c.created_at.desc(), bulk_job.c.id.desc()).limit(limit)
        if organizations is not None:
            asked = asked.where(bulk_job.c.organization.in_(list(organizations)))
        if after is not None:
            created_at, job_id = after
            earlier = bulk_job.c.created_at < created_at
            asked = asked.where(or_(earlier, and_(bulk_job.c.created_at == created_at, bulk_job.c.id < job_id)))
        async with self._database.reading() as connection:
            return [_job(row) for row in await connection.execute(asked)]

    async def items(
        self, job_id: str, *, after: int = -1, limit: int = 100, states: Sequence[str] | None = None
    ) -> list[Item]:
        """Give items in the order of the selection, those behind the position `after`."""
        asked = _items(job_id).where(bulk_item.c.position > after).limit(limit)
        if states is not None:
            asked = asked.where(bulk_item.c.state.in_(list(states)))
        return await self._fetch(asked)

    async def next_batch(self, job_id: str, limit: int) -> list[Item]:
        """Give the items to be taken up next, which may go in one call: first those whose answer got lost."""
        for condition in (_lost(), bulk_item.c.state == "pending"):
            found = await self._first_batch(job_id, condition, limit)
            if found:
                return found
        return []

    async def _first_batch(self, job_id: str, condition: ColumnElement[bool], limit: int) -> list[Item]:
        mine = and_(bulk_item.c.job_id == job_id, condition)
        order = (bulk_item.c.step, bulk_item.c.batch, bulk_item.c.position)
        async with self._database.reading() as connection:
            asked = select(bulk_item.c.step, bulk_item.c.batch).where(mine).order_by(*order).limit(1)
            first = (await connection.execute(asked)).one_or_none()
            if first is None:
                return []
            same = and_(bulk_item.c.step == first.step, bulk_item.c.batch == first.batch)
            rows = await connection.execute(select(bulk_item).where(mine, same).order_by(*order).limit(limit))
            return [_item(row) for row in rows]

    async def unverified(self, job_id: str, limit: int) -> list[Item]:
        """Give items of one organization that Sentry said yes to and nobody has read back."""
        asked = _items(job_id).where(bulk_item.c.state == "sent", bulk_item.c.answered)
        found = await self._fetch(asked.limit(limit))
        return [item for item in found if item.organization == found[0].organization]

    async def projects(self, job_id: str) -> list[tuple[str, str | None, int]]:
        """Give organization, project and how many items wait there."""
        asked = (
            select(bulk_item.c.organization, bulk_item.c.project, func.count())
            .where(bulk_item.c.job_id == job_id, bulk_item.c.state == "pending")
            .group_by(bulk_item.c.organization, bulk_item.c.project)
        )
        async with self._database.reading() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(asked)]

    async def only_pending(self, job_id: str, organization: str, project: str | None) -> Item:
        """Give the one item that waits in a project."""
        here = and_(bulk_item.c.organization == organization, bulk_item.c.project == project)
        found = await self._fetch(_items(job_id).where(here, bulk_item.c.state == "pending").limit(1))
        return found[0]

    async def _fetch(self, asked: Select[Any]) -> list[Item]:
        async with self._database.reading() as connection:
            return [_item(row) for row in await connection.execute(asked)]

    # ---------------------------------------------------------------- asking for work

    async def create(self, values: Mapping[str, Any]) -> Job:
        """Keep a new job."""
        async with self._database.transaction() as connection:
            await connection.execute(insert(bulk_job).values(**{"created_at": self.moment(), "progress": {}, **values}))
            row = (await connection.execute(select(bulk_job).where(bulk_job.c.id == values["id"]))).one()
        return _job(row)

    async def ask(self, job_id: str, states: Sequence[str], **values: Any) -> bool:
        """Change a job from outside, if it is in one of the states; say whether it was."""
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                update(bulk_job)
                .where(bulk_job.c.id == job_id, bulk_job.c.state.in_(list(states)))
                .values(version=bulk_job.c.version + 1, **values)
            )
        return changed.rowcount == 1

    async def begin_undo(self, job_id: str, undo: Mapping[str, Any]) -> Job | None:
        """Keep the job that undoes another, unless that one is being undone already."""
        async with self._database.transaction() as connection:
            claimed = await connection.execute(
                update(bulk_job)
                .where(bulk_job.c.id == job_id, bulk_job.c.undone_by.is_(None))
                .values(undone_by=undo["id"], version=bulk_job.c.version + 1)
            )
            if claimed.rowcount != 1:
                return None
            await connection.execute(insert(bulk_job).values(created_at=self.moment(), progress={}, **undo))
            row = (await connection.execute(select(bulk_job).where(bulk_job.c.id == undo["id"]))).one()
        return _job(row)

    # ---------------------------------------------------------------- leases and work

    async def waiting(self) -> list[tuple[str, str | None, datetime | None]]:
        """Give the jobs that want to be worked on now: id, who holds the lease and until when."""
        now = self.moment()
        due = or_(bulk_job.c.state.in_(WORKED_ON), and_(bulk_job.c.state == "paused", bulk_job.c.resume_at <= now))
        held = bulk_job.outerjoin(lease, lease.c.name == LEASE_PREFIX + bulk_job.c.id)
        asked = select(bulk_job.c.id, lease.c.holder, lease.c.held_until).select_from(held)
        async with self._database.reading() as connection:
            rows = await connection.execute(asked.where(due).order_by(bulk_job.c.created_at))
            return [(row[0], row[1], row[2]) for row in rows]

    async def offer(self, job_id: str, was: str | None, by: str) -> Job | None:
        """Take the lease of a job from whoever held it, to be taken up by this process or another; None if it moved."""
        name = LEASE_PREFIX + job_id
        values = {"holder": OFFERED + by, "held_until": self.moment() + timedelta(seconds=LEASE_S)}
        try:
            async with self._database.transaction() as connection:
                if was is None:
                    await connection.execute(insert(lease).values(name=name, **values))
                else:
                    mine = and_(lease.c.name == name, lease.c.holder == was)
                    if (await connection.execute(update(lease).where(mine).values(**values))).rowcount != 1:
                        return None
                return await self._due(connection, job_id)
        except (IntegrityError, _NotDue):
            return None  # another process was first, or somebody paused it

    async def _due(self, connection: AsyncConnection, job_id: str) -> Job:
        """Give a job that is to be worked on; one that was paused until now goes on where it was."""
        mine = bulk_job.c.id == job_id
        job = _job((await connection.execute(select(bulk_job).where(mine))).one())
        now = self.moment()
        if job.state == "paused" and job.resume_at is not None and job.resume_at <= now:
            state = job.progress.get("paused_in", "applying")
            await connection.execute(
                update(bulk_job)
                .where(mine)
                .values(state=state, resume_at=None, reason=None, version=bulk_job.c.version + 1)
            )
            return replace(job, state=state, resume_at=None, reason=None)
        if job.state not in WORKED_ON:
            raise _NotDue
        return job

    async def begin_run(self, job_id: str) -> int:
        """Count one more run of a job, and give its number."""
        async with self._database.transaction() as connection:
            mine = bulk_job.c.id == job_id
            await connection.execute(update(bulk_job).where(mine).values(run=bulk_job.c.run + 1))
            return int((await connection.execute(select(bulk_job.c.run).where(mine))).scalar_one())

    async def take(self, job_id: str, holder: str) -> bool:
        """Take up a job that is offered, or go on with one's own."""
        now = self.moment()
        free = or_(lease.c.holder.startswith(OFFERED), lease.c.holder == holder, lease.c.held_until < now)
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                update(lease)
                .where(lease.c.name == LEASE_PREFIX + job_id, free)
                .values(holder=holder, held_until=now + timedelta(seconds=LEASE_S))
            )
        return changed.rowcount == 1

    async def renew(self, job_ids: Sequence[str], holder: str) -> None:
        """Show that the holder is alive."""
        names = [LEASE_PREFIX + job_id for job_id in job_ids]
        async with self._database.transaction() as connection:
            await connection.execute(
                update(lease)
                .where(lease.c.name.in_(names), lease.c.holder == holder)
                .values(held_until=self.moment() + timedelta(seconds=LEASE_S))
            )

    async def release(self, job_id: str, holder: str) -> None:
        """Give a lease back."""
        async with self._database.transaction() as connection:
            await connection.execute(
                delete(lease).where(lease.c.name == LEASE_PREFIX + job_id, lease.c.holder == holder)
            )

    @asynccontextmanager
    async def working(self, job_id: str, holder: str) -> AsyncIterator[JobWork]:
        """Write for a job, all or nothing. Raises LeaseLost when another process has it."""
        now = self.moment()
        async with self._database.transaction() as connection:
            renewed = await connection.execute(
                update(lease)
                .where(lease.c.name == LEASE_PREFIX + job_id, lease.c.holder == holder)
                .values(held_until=now + timedelta(seconds=LEASE_S))
            )
            if renewed.rowcount != 1:
                raise LeaseLost(job_id)
            yield JobWork(connection, job_id, now)


LEASE_PREFIX = "bulk:"


def _lost() -> ColumnElement[bool]:
    return and_(bulk_item.c.state == "sent", ~bulk_item.c.answered)


def _items(job_id: str) -> Select[Any]:
    return select(bulk_item).where(bulk_item.c.job_id == job_id).order_by(bulk_item.c.position)


async def _counts(connection: AsyncConnection, job_id: str) -> dict[str, int]:
    asked = select(bulk_item.c.state, func.count()).where(bulk_item.c.job_id == job_id).group_by(bulk_item.c.state)
    found = {row[0]: row[1] for row in await connection.execute(asked)}
    return {"total": sum(found.values()), **{state: found.get(state, 0) for state in STATES}}


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)
    values["progress"] = values["progress"] or {}
    return Job(**values)


def _item(row: Row[Any]) -> Item:
    values = dict(row._mapping)
    values["wanted"] = values["wanted"] or {}
    return Item(**values)
