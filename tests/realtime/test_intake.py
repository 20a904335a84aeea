"""What is seen becomes events: once each, after what they make stale is gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from dexter.database.engine import DatabaseUnavailable
from dexter.policy.issue_facts import IssueName
from dexter.policy.issue_feed import IssueFacts, Seen
from dexter.realtime.events import ActorRef, Source, unpacked
from dexter.realtime.intake import Intake, Recorded, Sighting
from dexter.stores.feed_log import FeedUnavailable
from dexter.stores.feed_sqlite import SqliteFeedLog
from dexter.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

NAME = IssueName("7", "SHOP-7", "Oops", "shop")
ADA = ActorRef("user", "3", "Ada")


class WatchedStore:
    """A store that notes when what was purged."""

    def __init__(self, told: list[Any]) -> None:
        self._inner = MemoryStore()
        self._told = told

    async def purge(self, tags: Iterable[str], *rest: Any) -> int:
        self._told.append(frozenset(tags))
        return await self._inner.purge(tags, *rest)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteFeedLog]:
    log = SqliteFeedLog(tmp_path / "feed.sqlite3")
    yield log
    await log.aclose()


@pytest.fixture
def purged() -> list[Any]:
    return []


@pytest.fixture
def intake(log: SqliteFeedLog, purged: list[Any]) -> Intake:
    return Intake(log, WatchedStore(purged), lambda: 50.0)  # type: ignore[arg-type]


def sighting(at: float, source: Source, name: IssueName = NAME, **facts: Any) -> Sighting:
    return Sighting(name, Seen(IssueFacts(**facts), at, whole=source is Source.POLL), source, ADA)


async def test_a_change_that_the_poller_sees_first_is_told_by_whoever_made_it(
    intake: Intake, log: SqliteFeedLog
) -> None:
    """It polls the moment that somebody begins to listen, which is when people begin to change things."""
    assert types(await intake.sighted("acme", [sighting(10.0, Source.POLL, status="resolved", assignee="")])) == []
    done = Sighting(NAME, Seen(IssueFacts(status="resolved"), 9.9, said=frozenset({"status"})), Source.WRITE, ADA)
    (record,) = (await intake.sighted("acme", [done])).records
    event = unpacked(record.body)
    assert (event.type, event.source, event.actor, event.after) == (
        "issue.resolved", "write", ADA, {"status": "resolved"},
    )  # fmt: skip
    webhook = Sighting(NAME, Seen(IssueFacts(status="resolved"), 10.0, said=frozenset({"status"})), Source.WEBHOOK)
    assert types(await intake.sighted("acme", [webhook])) == []


def types(recorded: Recorded) -> list[str]:
    return [unpacked(record.body).type for record in recorded.records]


async def test_one_change_seen_by_the_write_the_webhook_and_the_poll_is_one_event(intake: Intake) -> None:
    await intake.sighted("acme", [sighting(1, Source.POLL, status="unresolved", substatus="ongoing")])
    written = await intake.sighted("acme", [sighting(2, Source.WRITE, status="resolved", substatus="")])
    hooked = await intake.sighted("acme", [sighting(2, Source.WEBHOOK, status="resolved")])
    polled = await intake.sighted("acme", [sighting(3, Source.POLL, status="resolved", substatus="")])
    assert [types(each) for each in (written, hooked, polled)] == [["issue.resolved"], [], []]


async def test_processes_that_see_it_at_once_record_it_once(log: SqliteFeedLog, tmp_path: Path) -> None:
    intakes = [
        Intake(SqliteFeedLog(tmp_path / "feed.sqlite3"), WatchedStore([]), lambda: 50.0)  # type: ignore[arg-type]
        for _ in range(4)
    ]
    await intakes[0].sighted("acme", [sighting(1, Source.POLL, status="unresolved")])
    told = await asyncio.gather(
        *(each.sighted("acme", [sighting(2, Source.WEBHOOK, status="resolved")]) for each in intakes)
    )
    assert sum(len(each.records) for each in told) == 1
    for each in intakes:
        await each._log.aclose()


async def test_an_event_names_the_issue_who_did_it_and_what_changed(intake: Intake) -> None:
    await intake.sighted("acme", [sighting(1, Source.POLL, status="unresolved", assignee="")])
    recorded = await intake.sighted("acme", [sighting(2, Source.WEBHOOK, IssueName("7"), assignee="user:3")])
    event = unpacked(recorded.records[0].body)
    assert event.issue is not None
    assert (event.issue.short_id, event.project, event.actor) == ("SHOP-7", "shop", ADA)
    assert (event.before, event.after) == ({"assignee": ""}, {"assignee": "user:3"})


async def test_a_change_made_through_dexter_purges_once(intake: Intake, purged: list[Any]) -> None:
    """The write itself did, before it returned; once more would cost its issue's events and counts."""
    await intake.sighted("acme", [sighting(1, Source.POLL, status="unresolved")])
    recorded = await intake.sighted("acme", [sighting(2, Source.WRITE, status="resolved")])
    assert types(recorded) == ["issue.resolved"]
    assert purged == []


async def test_what_an_event_makes_stale_is_gone_before_anybody_hears_of_it(
    intake: Intake, log: SqliteFeedLog, purged: list[Any]
) -> None:
    await intake.sighted("acme", [sighting(1, Source.POLL, status="unresolved")])
    assert purged == []
    settle = log.settle

    async def noted(*arguments: Any) -> Any:
        records = await settle(*arguments)
        purged.append("told" if records else "looked")
        return records

    log.settle = noted  # type: ignore[method-assign]
    await intake.sighted("acme", [sighting(2, Source.WEBHOOK, status="resolved")])
    assert [each if isinstance(each, str) else "purged" for each in purged] == ["looked", "purged", "told"]
    assert "issue:7" in purged[1]


async def test_a_late_webhook_asks_for_a_reading(intake: Intake) -> None:
    await intake.sighted("acme", [sighting(5, Source.POLL, status="unresolved")])
    recorded = await intake.sighted("acme", [sighting(4, Source.WEBHOOK, status="resolved")])
    assert (recorded.records, recorded.doubtful) == ((), {"7"})


async def test_what_dexter_keeps_follows_a_merge_before_anybody_hears_of_it(tmp_path: Path) -> None:
    """Who opens the issue that survives, told of the merge, finds the labels there."""
    moved: list[tuple[str, ...]] = []
    is_down = True

    async def merged(*what: str) -> None:
        if is_down:
            raise DatabaseUnavailable("down")
        moved.append(what)

    log = SqliteFeedLog(tmp_path / "feed")
    intake = Intake(log, MemoryStore(), lambda: 0.0, merged=merged)
    with pytest.raises(FeedUnavailable):
        await intake.removed("acme", NAME, Source.WEBHOOK, IssueName("8"))
    assert (await log.after("acme", 0, 10)).records == (), "it is told when they can follow"
    is_down = False
    assert types(await intake.removed("acme", NAME, Source.WEBHOOK, IssueName("8"))) == ["issue.merged"]
    assert moved == [("acme", "7", "8")]
    await intake.removed("acme", NAME, Source.WEBHOOK)
    assert len(moved) == 1, "one that was deleted went nowhere"


async def test_a_merged_issue_is_told_once_with_where_it_went(intake: Intake) -> None:
    await intake.sighted("acme", [sighting(1, Source.POLL, status="unresolved")])
    first = await intake.removed("acme", NAME, Source.WRITE, IssueName("8"))
    again = await intake.removed("acme", NAME, Source.POLL)
    assert types(first) == ["issue.merged"]
    assert unpacked(first.records[0].body).after == {"into": "8"}
    assert again.records == ()
