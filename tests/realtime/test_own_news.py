"""What Dexter itself has to say: its jobs, its breakers, Sentry's quota, an API that drifts; and who wrote what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.realtime.world import ISSUES, World, settled

from dexter.observe.records import BreakerChanged, DeprecationSeen, Record, RefusedByQuota, ReplyChecked
from dexter.realtime.gateway_news import QUOTA_EVERY_S
from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    stand = World(tmp_path)
    yield stand
    await stand.aclose()


async def told(world: World, *records: Record) -> list[tuple[str, dict[str, Any]]]:
    """Let records be heard of, and give the events that come of them."""
    before = len(await world.events())
    for record in records:
        world.news(record)
    await world.news.tell_now(world.feed.intake)
    return [(event.type, event.data) for event in (await world.events())[before:]]


async def test_a_breaker_is_told_when_it_changes_whichever_process_says_so(world: World) -> None:
    """Two workers whose breakers open at the same time are one piece of news."""
    opened = BreakerChanged("read", "open", "TimedOut")
    assert [kind for kind, _ in await told(world, opened, opened)] == ["gateway.breaker"]
    ((_, data),) = await told(world, BreakerChanged("read", "closed", ""))
    assert (data["call_class"], data["state"]) == ("read", "closed")


async def test_a_storm_of_refusals_is_told_now_and_then(world: World) -> None:
    refused = RefusedByQuota("GET /api/0/", "GET", "RateLimited")
    assert [kind for kind, _ in await told(world, *[refused] * 50)] == ["gateway.quota"]
    world.clock.pass_s(QUOTA_EVERY_S)
    assert len(await told(world, refused)) == 1


async def test_each_drift_is_told_once(world: World) -> None:
    drift = ReplyChecked("GET /api/0/", (("version", "missing"), ("auth", "is no object")))
    kinds = [kind for kind, _ in await told(world, drift, drift, ReplyChecked("GET /api/0/", ()))]
    assert kinds == ["gateway.drift"] * 2
    ending = DeprecationSeen("GET /api/0/x/", "2026-12-01", None, brownout=False)
    assert len(await told(world, ending, ending)) == 1


def job(done: int, state: str = "applying", **changes: Any) -> dict[str, Any]:
    return {
        "id": "j1", "state": state, "phase": state, "organization": "acme", "counts": {"total": 9, "done": done},
        "progress": done / 9, "eta_s": 3.0, "created_by": {"id": "ada", "name": "Ada"},
        "note": "between us", "selection": {"query": "user.email:ada@example.com"}, **changes,
    }  # fmt: skip


async def test_a_job_is_told_as_it_is_now_and_only_when_it_came_along(world: World) -> None:
    """A job writes far more often than people look; and what was selected is not everybody's."""
    for done in range(5):
        world.jobs["j1"] = job(done)
        world.feed.jobs.changed("j1")
    await world.feed.jobs.tell_now(world.feed.intake)
    world.jobs["j1"] = job(4, eta_s=2.0)
    world.feed.jobs.changed("j1")
    world.feed.jobs.changed("another")
    await world.feed.jobs.tell_now(world.feed.intake)
    world.jobs["j1"] = job(9, "done")
    world.feed.jobs.changed("j1")
    await world.feed.jobs.tell_now(world.feed.intake)
    events = await world.events()
    assert [(event.type, event.data["counts"]["done"]) for event in events] == [
        ("job.progress", 4),
        ("job.progress", 9),
    ]
    assert events[0].actor is not None
    assert events[0].actor.name == "Ada"
    assert "between us" not in str(events)
    assert "example.com" not in str(events)


async def test_another_organizations_job_is_not_told(world: World) -> None:
    world.jobs["j1"] = job(1, organization="other")
    world.feed.jobs.changed("j1")
    await world.feed.jobs.tell_now(world.feed.intake)
    assert await world.events() == []


@pytest.mark.parametrize(("person", "name"), [("ada", "Ada"), ("", "Dexter"), ("a-session", "Dexter")])
async def test_who_wrote_through_dexter_is_named_and_no_session_is(world: World, person: str, name: str) -> None:
    """What tells people apart may be a session's secret; only who they are may go out."""
    await world.error("alpha")
    sentry = world.dexter(person, priority=Priority.INTERACTIVE)
    await sentry.put("issues.update", {"id": "1"}, {"status": "resolved"})
    await world.record_writes()
    (event,) = await world.events()
    assert (event.type, event.source) == ("issue.resolved", "write")
    assert event.actor is not None
    assert event.actor.name == name
    assert "a-session" not in str(event)


async def test_a_comments_author_and_number_come_along_whoever_saw_it_first(world: World) -> None:
    await world.error("alpha")
    await world.poll()
    made = await world.at_sentry("POST", f"{ISSUES}1/comments/", {"text": "to myself"})
    await settled()
    world.clock.pass_s(2)
    for received in world.sent[:]:
        await world.deliver(received)
    await world.read()
    (event,) = [event for event in await world.events() if event.type == "issue.commented"]
    assert (event.source, event.data) == ("webhook", {"comment": made["id"]})
    assert event.actor is not None
    assert event.actor.type == "user"
    assert "to myself" not in str(event)
