"""Whatever happens while a bulk job runs, it says of every issue once what became of it, and that is so.

Processes are killed at calls and at commits, answers get lost, quota runs out, Sentry goes away, people pause, resume
and cancel, and others change and delete the same issues meanwhile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from tests.features.bulk.world import ADA, World

from dexter.database.tables import issue_label, label
from dexter.features.bulk.audited import asks_sentry
from dexter.features.upstream_errors import Conflict
from dexter.policy.bulk_image import same
from dexter.policy.bulk_verdict import FINAL, WORDS, ItemState
from dexter.policy.bulk_wanted import holds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.database.bulk_jobs import Item, Job
    from dexter.database.engine import Database
    from dexter.policy.bulk_image import Image

pytestmark = pytest.mark.breadth

Json = dict[str, Any]

STATUS = st.sampled_from(
    [
        {"op": "status", "status": "resolved"},
        {"op": "status", "status": "unresolved"},
        {"op": "status", "status": "resolved", "resolve": {"mode": "next_release"}},
        {"op": "status", "status": "archived", "archive": {"mode": "forever"}},
        {"op": "status", "status": "archived", "archive": {"mode": "until_escalating"}},
        {
            "op": "status",
            "status": "archived",
            "archive": {"mode": "until_count", "count": 1_000_000, "window_minutes": 60},
        },
    ]
)
ASSIGN = st.sampled_from(["me", "user:1", "team:1", None]).map(lambda who: {"op": "assign", "assignee": who})
PRIORITY = st.sampled_from(["low", "medium", "high"]).map(lambda value: {"op": "priority", "priority": value})
MARK = st.sampled_from(["seen", "bookmark", "subscribe", "public", "reviewed"]).map(
    lambda op: {"op": op, "value": True}
)
LABEL = st.sampled_from([{"op": "label", "add": ["hot"]}, {"op": "label", "add": ["a", "b"], "remove": ["hot"]}])
MERGE = st.just({"op": "merge"})
REVERSIBLE = st.lists(
    st.one_of(STATUS, ASSIGN, PRIORITY, MARK, LABEL), min_size=1, max_size=4, unique_by=lambda o: o["op"]
)
OPERATIONS = st.one_of(
    REVERSIBLE,
    REVERSIBLE,
    st.tuples(STATUS, MERGE).map(list),
    st.sampled_from([[{"op": "delete"}], [{"op": "discard"}], [{"op": "merge"}]]),
)
SELECTION = st.sampled_from(["query all", "query unresolved", "ids few", "ids many"])
FAULT = st.sampled_from(
    [
        "killed before",
        "killed after",
        "lost before",
        "lost after",
        "quota",
        "outage",
        "500",
        "killed after",
        "lost after",
    ]
)
CALL = st.integers(0, 24)
CHANGES = ("resolve", "reopen", "archive", "low", "high", "unassign", "delete")
WISHES = ("pause", "cancel")


@dataclass(frozen=True)
class Script:
    """What happens at which call or commit."""

    faults: dict[int, str] = field(default_factory=dict)
    commits: dict[int, str] = field(default_factory=dict)
    outside: dict[int, tuple[int, str]] = field(default_factory=dict)
    wishes: dict[int, str] = field(default_factory=dict)


SCRIPTS = st.builds(
    Script,
    faults=st.dictionaries(CALL, FAULT, max_size=6),
    commits=st.dictionaries(st.integers(0, 80), st.sampled_from(["killed before", "killed after"]), max_size=4),
    outside=st.dictionaries(CALL, st.tuples(st.integers(0, 13), st.sampled_from(CHANGES)), max_size=4),
    wishes=st.dictionaries(CALL, st.sampled_from(WISHES), max_size=2),
)


class Stage:
    """The world, put back to its beginning for every example."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._beginning = world.sandbox.db._connection.serialize()
        self.touched: dict[str, float] = {}

    async def reset(self) -> None:
        world = self.world
        world.sandbox.db._connection.deserialize(self._beginning)
        world.faults, world.commits, world.outside, world.calls = {}, {}, {}, []
        self.touched = {}
        async with world.database.transaction() as connection:
            await connection.execute(delete(issue_label))
            await connection.execute(delete(label))

    async def play(self, job: Job, script: Script, ids: list[str]) -> Job:
        """Let a job run to its end while the script is played, resuming it when somebody paused it."""
        world = self.world
        world.asked = world.committed = 0
        world.faults, world.commits = dict(script.faults), dict(script.commits)
        world.outside = {}
        for number, (index, change) in script.outside.items():
            world.outside[number] = self._changing(ids[index % len(ids)], change)
        for number, wish in script.wishes.items():
            world.outside[number] = self._wishing(job, wish)
        for _ in range(30):
            job = await world.live(job)
            if job.state == "previewed":
                await world.desk.apply(job, job.confirmation_hash)
            elif job.state == "paused":
                await world.desk.resume(job)
            else:
                world.faults, world.commits, world.outside = {}, {}, {}
                return job
        raise AssertionError(f"the job never ended: {job}")

    def _changing(self, issue_id: str, change: str) -> Any:
        async def do() -> None:
            await self.change(issue_id, change)

        return do

    def _wishing(self, job: Job, wish: str) -> Any:
        async def do() -> None:
            current = await self.world.desk.find(job.id)
            try:
                await getattr(self.world.desk, wish)(current, ADA)
            except Conflict:
                event("nobody can wish that of a job in this state")

        return do

    async def change(self, issue_id: str, change: str) -> None:
        """Do something to an issue as somebody else would."""
        status, found = await self.world.api("GET", f"/issues/{issue_id}/")
        if status == 200:
            # A merged one's number leads to the issue that survived.
            self.touched[msgspec.json.decode(found)["id"]] = self.world.clock.epoch
        if change == "delete":
            await self.world.api("DELETE", f"/issues/{issue_id}/")
            return
        bodies: dict[str, Json] = {
            "resolve": {"status": "resolved"},
            "reopen": {"status": "unresolved"},
            "archive": {"status": "ignored", "substatus": "archived_forever"},
            "low": {"priority": "low"},
            "high": {"priority": "high"},
            "unassign": {"assignedTo": ""},
        }
        await self.world.api("PUT", f"/issues/{issue_id}/", "", msgspec.json.encode(bodies[change]))

    def untouched_since(self, item: Item) -> bool:
        return self.touched.get(item.issue_id, 0.0) < item.updated_at.timestamp()


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """A world on each engine: what a killed process leaves behind is the database's affair."""
    world = World(database)
    yield Stage(world)
    await world.sandbox.aclose()


def _selection(kind: str, ids: list[str]) -> Json:
    return {
        "query all": {"query": ""},
        "query unresolved": {"query": "is:unresolved"},
        "ids few": {"ids": ids[:3]},
        "ids many": {"ids": [*ids[::2], "900001"]},
    }[kind]


HOT = [{"op": "label", "add": ["hot"]}]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(operations=OPERATIONS, kind=SELECTION, script=SCRIPTS)
@example(operations=HOT, kind="query all", script=Script(outside={2: (0, "resolve")}))
@example(operations=HOT, kind="query all", script=Script(outside={2: (0, "delete")}))
async def test_every_issue_is_told_once_and_truly(
    operations: list[Json], kind: str, script: Script, stage: Stage
) -> None:
    """A job that says done of what is not done is worse than no job."""
    await stage.reset()
    world = stage.world
    ids = await world.all_ids()
    beginning = await world.images(ids)
    job = await stage.play(await world.ask(_selection(kind, ids), *operations), script, ids)
    items = await world.items(job)
    event(job.state)
    for item in items:
        event(item.state)
    assert job.state in ("done", "cancelled"), job.reason
    assert len({item.issue_id for item in items}) == len(items)
    assert {item.state for item in items} <= FINAL
    assert job.counts == {
        "total": len(items),
        **Counter(dict.fromkeys(ItemState, 0)),
        **Counter(i.state for i in items),
    }
    now = await world.images(ids)
    for item in items:
        _check(item, now.get(item.issue_id), stage, script)
    _check_others(items, beginning, now, stage)
    await _check_audit(job, items, world)


def _check(item: Item, now: Image | None, stage: Stage, script: Script) -> None:
    if item.state == ItemState.UNKNOWN:
        assert script.faults or script.commits, "nothing got lost, so everything is known"
    if not stage.untouched_since(item) or item.state in (ItemState.SKIPPED, ItemState.UNKNOWN):
        return
    destroys = item.wanted.get("do") in ("delete", "discard")
    if item.state == ItemState.DONE:
        if destroys:
            assert now is None
            return
        if now is None:
            assert item.after is not None
            # Labels are Dexter's own: what became of the issue at Sentry, nobody had to ask.
            assert not asks_sentry(item.wanted) or item.after["merged_into"] != item.issue_id
            return
        for name, value in item.wanted.get("set", {}).items():
            assert holds(name, value, now), (name, value, now)
    if item.after is not None and now is not None:
        seen = {name: value for name, value in item.after.items() if name in now}
        assert seen == {name: now[name] for name in seen}


def _check_others(items: list[Item], beginning: dict[str, Image], now: dict[str, Image], stage: Stage) -> None:
    """Nothing happened to whatever the job was not about, or says that it left alone."""
    about = {item.issue_id for item in items if item.state not in (ItemState.SKIPPED, ItemState.UNCHANGED)}
    for issue_id, before in beginning.items():
        if issue_id not in about and issue_id not in stage.touched:
            assert now.get(issue_id) == before, [item for item in items if item.issue_id == issue_id]


async def _check_audit(job: Job, items: list[Item], world: World) -> None:
    told = Counter(row.target_id for row in await world.audited(job))
    assert set(told.values()) <= {1}
    assert {item.issue_id for item in items if item.state == ItemState.DONE} <= set(told)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    operations=REVERSIBLE,
    kind=SELECTION,
    script=SCRIPTS,
    between=st.lists(st.tuples(st.integers(0, 13), st.sampled_from(CHANGES)), max_size=6),
    undo_script=st.builds(Script, faults=st.dictionaries(CALL, FAULT, max_size=4)),
)
async def test_undo_restores_what_nobody_changed_since_and_says_what_somebody_did(
    operations: list[Json],
    kind: str,
    script: Script,
    between: list[tuple[int, str]],
    undo_script: Script,
    stage: Stage,
) -> None:
    """Taking a job back must not take back what others did after it."""
    await stage.reset()
    world = stage.world
    ids = await world.all_ids()
    job = await stage.play(await world.ask(_selection(kind, ids), *operations), script, ids)
    for index, change in between:
        await stage.change(ids[index % len(ids)], change)
    if not (job.counts or {}).get("done"):
        event("nothing to undo")
        return
    then = await world.images(ids)
    undo = await stage.play(await world.desk.undo(job, ADA, "api"), undo_script, ids)
    assert undo.state == "done", undo.reason
    now = await world.images(ids)
    undone = {item.issue_id: item for item in await world.items(undo)}
    done = [item for item in await world.items(job) if item.state == ItemState.DONE]
    assert undone.keys() == {item.issue_id for item in done}
    for item in done:
        told = undone[item.issue_id]
        if item.issue_id not in then:
            assert told.state == ItemState.SKIPPED
        elif told.state != ItemState.UNKNOWN:
            _check_restored(item, told, then[item.issue_id], now[item.issue_id])
    event("undone")


def _check_restored(item: Item, told: Item, then: Image, now: Image) -> None:
    before, after = item.before or {}, item.after or {}
    for name in item.wanted.get("change", ()):
        if name == "for_review" and now["status"] != "unresolved":
            continue  # it cannot await review
        if same(name, then, after) or same(name, then, before):
            restored = same(name, now, before) or _counts_anew(name, now, before)
            assert restored, (name, before, now, told.state, told.reason)
        else:
            assert same(name, now, then), (name, then, now)
            assert told.reason is not None
            assert WORDS[name] in told.reason


def _counts_anew(name: str, now: Image, before: Image) -> bool:
    """Whether it is archived until something again, which begins to count now."""
    return name == "status" and before["details"] and now["details"].keys() == before["details"].keys()
