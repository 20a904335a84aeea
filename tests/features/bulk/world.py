"""A small Sentry, a database and a process that works on jobs, in which whatever can go wrong goes wrong on demand.

Time is the world's own: a second passes with every call to Sentry, and waiting takes none.
"""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.doubles.sandbox_transport import OWNER, SandboxTransport

from dexter.database.bulk_jobs import BulkJobs, Item, Job
from dexter.errors import CircuitOpen, RateLimited, Unreachable
from dexter.features.bulk.desk import By, Desk
from dexter.features.bulk.forms import BulkRequest
from dexter.features.bulk.turns import take_turn
from dexter.features.bulk.work import END, Work, seconds_of
from dexter.features.current_user import CurrentUser
from dexter.features.label_search import split_labels
from dexter.features.people_acting import Acting
from dexter.features.sentry import Sentry
from dexter.policy.bulk_image import Image, image
from dexter.policy.people import Person
from dexter.upstream.bodies import read_up_to
from dexter.wire import Answer, Call, Credential, Identity, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database

ADA = By("ada", "Ada")
SEED = 14


class Killed(BaseException):
    """The process is gone."""


class Clock:
    """The world's time."""

    def __init__(self) -> None:
        self.epoch = time.time()  # the sandbox goes by the real one

    def now(self) -> float:
        return self.epoch

    def monotonic(self) -> float:
        return self.epoch

    async def sleep(self, seconds: float) -> None:
        self.epoch += seconds


class Idle:
    """In the place of a runner: the test itself takes the turns."""

    def wake(self) -> None:
        pass


@dataclass
class World:
    """All of it. `faults` says what happens at which call to Sentry, counted from the moment they were set."""

    database: Database
    sandbox: SandboxTransport = field(default_factory=lambda: SandboxTransport(issues=SEED))
    clock: Clock = field(default_factory=Clock)
    size: int = 3
    faults: dict[int, str] = field(default_factory=dict)
    commits: dict[int, str] = field(default_factory=dict)
    outside: dict[int, Callable[[], Any]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    asked: int = 0
    committed: int = 0
    lives: int = 0
    token: str = OWNER

    def __post_init__(self) -> None:
        self.jobs = BulkJobs(Commits(self), self.clock.now)  # type: ignore[arg-type]
        self.desk = Desk(self.database, Idle(), self.clock.now)  # type: ignore[arg-type]
        self.users = CurrentUser()

    # ---------------------------------------------------------------- Sentry

    async def send(self, call: Call) -> Answer:
        """Answer a call, unless something is to go wrong with it."""
        number, self.asked = self.asked, self.asked + 1
        self.calls.append(call)
        self.clock.epoch += 1
        fault = self.faults.get(number)
        if number in self.outside:
            await self.outside.pop(number)()
        if fault == "killed before":
            raise Killed
        if fault == "lost before":
            raise Unreachable("the connection broke")
        if fault == "quota":
            raise RateLimited("too often", until=self.clock.now() + 2)
        if fault == "outage":
            now = self.clock.now()
            raise CircuitOpen(
                "down", call_class="write", since=now, probe_at=now + 5, last_failure="503", retry_after_s=5
            )
        if fault == "500":
            return Answer(500, (), b'{"detail":"Internal Error"}')
        answer = await self._really(call)
        if fault == "killed after":
            raise Killed
        if fault == "lost after":
            raise Unreachable("the answer got lost")
        return answer

    async def _really(self, call: Call) -> Answer:
        answer = await self.sandbox.send(call)
        assert not isinstance(answer.body, bytes)
        body, rest = await read_up_to(answer.body, 10_000_000)
        assert rest is None
        return replace(answer, body=body)

    async def api(self, method: str, path: str, query: str = "", body: bytes = b"") -> tuple[int, bytes]:
        """Do something at Sentry as somebody else would."""
        headers = (("Authorization", f"Bearer {OWNER}"), ("Content-Type", "application/json"))
        status, _, content = await self.sandbox.request(
            method, f"/api/0/organizations/acme{path}", query, body, headers
        )
        return status, content

    async def images(self, ids: Sequence[str]) -> dict[str, Image]:
        """Give how issues are at Sentry now."""
        import msgspec

        query = "&".join(f"group={each}" for each in ids) + "&expand=inbox&collapse=stats"
        status, content = await self.api("GET", "/issues/", query)
        assert status == 200, content
        return {group["id"]: image(group) for group in msgspec.json.decode(content)}

    async def all_ids(self) -> list[str]:
        """Give the numbers of all issues that there are."""
        import msgspec

        _, content = await self.api("GET", "/issues/", "query=&limit=100")
        return [group["id"] for group in msgspec.json.decode(content)]

    async def unresolved(self, count: int) -> list[str]:
        """Give the numbers of so many issues, all of them unresolved."""
        ids = (await self.all_ids())[:count]
        await self.api("PUT", "/issues/", "&".join(f"id={each}" for each in ids), b'{"status":"unresolved"}')
        return ids

    # ---------------------------------------------------------------- jobs

    def work(self) -> Work:
        """Give what a new process works with."""
        self.lives += 1
        return Work(self.jobs, self.way, self.users, self.clock, f"process-{self.lives}", self.size)

    async def way(self, job_id: str, person_id: str | None, organization: str) -> Sentry:
        """Give the way to Sentry."""
        return Sentry(
            send=self.send,
            identity=Identity("service", "service"),
            credential=Credential(f"Bearer {self.token}"),
            organization=organization,
            deadline=self.clock.monotonic() + 60,
            clock=self.clock.now,
            request_id=job_id,
            priority=Priority.BULK,
            acting=Acting(Person("ada", "Ada", sentry_user_id="1")),
        )

    async def ask(self, selection: dict[str, Any], *operations: dict[str, Any], apply: bool = False) -> Job:
        """Ask for a job."""
        request = BulkRequest.model_validate({"selection": selection, "operations": list(operations), "apply": apply})
        asked = [
            {"organization": part.organization or "acme", "ids": part.ids}
            if part.ids is not None
            else {
                "organization": part.organization or "acme",
                "pairs": [["query", split_labels(part.query or "").rest]],
                "labelled": part.query or "",
            }
            for part in request.selection.each()
        ]
        return await self.desk.ask(request, asked, ADA, "api")

    async def live(self, job: Job, *, lives: int = 40) -> Job:
        """Let processes work on a job, one after the other dying, until nothing is to be done; give the job."""
        for _ in range(lives):
            try:
                return await self._one_life(job)
            except Killed:
                self.clock.epoch += 20  # until its lease has run out
        raise AssertionError(f"the job never ended: {await self.jobs.find(job.id)}")

    async def _one_life(self, job: Job) -> Job:
        work = self.work()
        for _ in range(1000):
            found = await self.jobs.waiting()
            mine = next(((holder, until) for job_id, holder, until in found if job_id == job.id), None)
            if mine is None:
                current = await self.jobs.find(job.id)
                assert current is not None
                if current.state != "paused" or current.resume_at is None:
                    return current
                self.clock.epoch += 1
                continue
            taken = await self.jobs.offer(job.id, mine[0], work.holder)
            assert taken is not None
            assert await self.jobs.take(job.id, work.holder)
            while (word := await take_turn(work, job.id)) != END:
                self.clock.epoch += seconds_of(word)
            await self.jobs.release(job.id, work.holder)
        raise AssertionError(f"the job goes on for ever: {await self.jobs.find(job.id)}")

    async def applied(self, job: Job) -> Job:
        """Preview a job and apply it."""
        previewed = await self.live(job)
        assert previewed.state == "previewed", (previewed.state, previewed.reason)
        await self.desk.apply(previewed, previewed.confirmation_hash)
        return await self.live(previewed)

    async def items(self, job: Job) -> list[Item]:
        """Give all items of a job."""
        return await self.jobs.items(job.id, limit=10_000)

    async def audited(self, job: Job) -> list[Any]:
        """Give what the audit log says of a job."""
        from sqlalchemy import select

        from dexter.database.tables import audit

        async with self.database.reading() as connection:
            return list(await connection.execute(select(audit).where(audit.c.request_id == job.id)))


class Commits:
    """The database, at whose commits a process may be killed."""

    def __init__(self, world: World) -> None:
        self._world = world

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        world = self._world
        number, world.committed = world.committed, world.committed + 1
        fate = world.commits.get(number)
        async with world.database.transaction() as connection:
            yield connection
            if fate == "killed before":
                raise Killed
        if fate == "killed after":
            raise Killed

    def reading(self) -> Any:
        return self._world.database.reading()

    async def engine(self) -> Any:
        return await self._world.database.engine()
