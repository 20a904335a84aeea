"""The poller finds what nobody told of, asks no more than it must, and changes nothing by asking."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.realtime.world import ISSUES, World, settled

from dexter.errors import Unreachable
from dexter.policy.issue_facts import IssueName
from dexter.policy.poll_pace import FASTEST_S, SLOWEST_S, TOLD_FASTEST_S
from dexter.realtime.poll_turns import MARGIN_S, POLL_S, PollTurns
from dexter.stores.feed_log import FeedUnavailable
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dexter.realtime.events import FeedEvent


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    stand = World(tmp_path, profile=getattr(request, "param", None))
    yield stand
    await stand.aclose()


def kinds(events: list[FeedEvent]) -> Counter[str]:
    return Counter(event.type for event in events)


def asked(world: World) -> Counter[str]:
    return Counter(world.sentry.asked)


async def test_the_first_reading_announces_nothing_old(world: World) -> None:
    """Whoever starts Dexter has had these issues for years."""
    for title in ("alpha", "beta"):
        await world.error(title)
    world.clock.pass_s(1000)
    await world.poll()
    assert await world.events() == []
    await world.error("gamma")
    await world.error("alpha")
    world.clock.pass_s(5)
    await world.poll()
    assert kinds(await world.events()) == {"issue.created": 1, "issue.updated": 1}


async def test_an_error_with_an_old_date_makes_a_new_issue_all_the_same(world: World) -> None:
    """A phone sends what it met on the underground last week."""
    await world.error("alpha")
    await world.poll()
    await world.error("late", at=world.clock.now() - 5 * 86_400)
    world.clock.pass_s(5)
    await world.poll()
    assert kinds(await world.events())["issue.created"] == 2


async def test_more_than_a_page_of_changes_between_two_polls_is_read_whole(world: World) -> None:
    """A storm must not push a part of itself off the first page."""
    await world.poll()
    with world.sentry.db.transaction():
        for first in "abcdefghijklm":
            for second in "abcdefghijklmnopqr":
                await world.error(f"storm {first}{second}")
    world.clock.pass_s(5)
    world.sentry.asked.clear()
    await world.poll()
    events = await world.events()
    assert kinds(events) == {"issue.created": 13 * 18}
    assert asked(world)[f"GET {ISSUES}"] == 3
    assert {event.source for event in events} == {"poll"}


async def test_a_small_organization_costs_one_call_a_turn(world: World) -> None:
    await world.error("alpha")
    await world.poll()
    world.sentry.asked.clear()
    world.clock.pass_s(5)
    await world.poll()
    assert asked(world) == {f"GET {ISSUES}": 1}


async def test_what_lies_far_back_is_looked_at_in_rounds_and_what_is_gone_is_missed(world: World) -> None:
    """Somebody at Sentry resolves, deletes and merges issues of last year, and no webhook tells."""
    for first in "abcdefghijklmnopqrstu":
        for second in "abcdefghijkl":
            await world.error(f"old {first}{second}")
    world.clock.pass_s(10_000)
    for _ in range(4):
        await world.poll()
    await world.change("3", status="resolved")
    await world.at_sentry("DELETE", f"{ISSUES}4/")
    await world.at_sentry("PUT", ISSUES, {"merge": 1}, query="id=5&id=6")
    for _ in range(8):
        world.clock.pass_s(5)
        await world.poll()
    events = await world.events()
    assert kinds(events) == {"issue.resolved": 1, "issue.deleted": 1, "issue.merged": 1, "issue.updated": 1}
    merged = next(event for event in events if event.type == "issue.merged")
    assert merged.issue is not None
    assert {merged.issue.id, merged.after["into"]} == {"5", "6"}


async def test_asking_leaves_no_trace(world: World) -> None:
    """An issue's own address records a view: nobody looked at it."""
    await world.error("alpha")
    for received in world.sent[:]:
        await world.deliver(received)
    await world.poll()
    await world.read()
    assert asked(world).keys() <= {f"GET {ISSUES}", "GET /api/0/", f"GET {ISSUES}1/events/"}
    assert world.sentry.db.value("SELECT count(*) FROM issue_user_state WHERE seen_at IS NOT NULL") == 0


async def test_while_webhooks_tell_it_asks_less(world: World) -> None:
    """In any process: the one that polls need not be the one that webhooks come to."""
    await world.error("alpha")
    await world.deliver(world.sent[0])
    await world.restart()
    for _ in range(6):
        await world.error("alpha")
        await world.poll()
    assert world.feed.poller._pause_s == pytest.approx(TOLD_FASTEST_S)
    world.clock.pass_s(400)
    await world.error("alpha")
    await world.poll()
    assert world.feed.poller._pause_s < TOLD_FASTEST_S


async def test_when_sentry_does_not_answer_it_waits_and_takes_up_where_it_was(world: World) -> None:
    await world.poll()
    send = world.sentry.send

    async def refuse(call: object) -> object:
        raise Unreachable("gone")

    world.sentry.send = refuse  # type: ignore[method-assign, assignment]
    await world.error("alpha")
    world.clock.pass_s(50)
    await world.poll()
    assert world.feed.poller._pause_s == SLOWEST_S
    world.sentry.send = send  # type: ignore[method-assign]
    world.clock.pass_s(600)
    await world.poll()
    assert kinds(await world.events()) == {"issue.created": 1}


async def test_when_the_log_is_back_it_looks_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens reads everything anew then; what changes after that must be seen against what they read."""

    async def away(*_: object) -> None:
        raise FeedUnavailable("away")

    monkeypatch.setattr(world.feed.poller._turns, "take", away)
    await world.poll()
    assert world.feed.poller._pause_s == FASTEST_S


@pytest.mark.parametrize("world", ["sentry-9.1"], indirect=True)
async def test_a_server_that_lists_by_project_is_polled_as_well(world: World) -> None:
    """It knows no lists by number, so that what was heard of is looked for among the latest."""
    await world.error("alpha")
    await world.poll()
    world.clock.pass_s(1000)
    await world.at_sentry("PUT", "/api/0/issues/1/", {"status": "resolved"})
    await world.poll()
    await world.error("beta")
    for received in world.sent[-1:]:
        await world.deliver(received)
    await world.read()
    assert kinds(await world.events())["issue.resolved"] == 1
    assert kinds(await world.events())["issue.created"] == 2


async def test_nobody_listens_so_nobody_asks(tmp_path: Path) -> None:
    """Sentry's quota is for people."""
    world = World(tmp_path, is_listening=False)
    running = asyncio.create_task(world.feed.poller.run())
    await asyncio.sleep(0.6)
    assert world.sentry.asked == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await settled()
    await world.aclose()


async def test_an_issue_that_was_never_heard_of_does_not_go(world: World) -> None:
    """Somebody who names a number that there is not must not make events."""
    world.feed.readings.want([IssueName("424242")])
    await world.read()
    assert await world.events() == []


# ---------------------------------------------------------------- whose turn it is


async def test_one_process_has_the_turn_and_another_takes_it_when_that_one_is_gone(tmp_path: Path) -> None:
    """Ten workers that all poll are ten times the calls; none that polls is a feed that says nothing."""
    one, two = (PollTurns(SqliteFeedLog(tmp_path / FEED_FILE)) for _ in range(2))
    assert await one.take("acme", "one", 100.0) is not None
    assert await two.take("acme", "two", 101.0) is None
    await one.polled("acme", "one", 100.0, 7, next_at=110.0)
    assert await two.take("acme", "two", 110.0 + MARGIN_S - 1) is None
    taken = await two.take("acme", "two", 110.0 + MARGIN_S + 1)
    assert taken is not None
    assert (taken.since, taken.newest) == (100.0, 7)
    await one.polled("acme", "one", 130.0, 9, next_at=140.0)
    assert await one.take("acme", "one", 131.0) is None, "it comes too late"
    await two.give_back("acme", "two")
    assert await one.take("acme", "one", 131.0) is not None
    assert await two.take("acme", "two", 131.0 + POLL_S + 1) is not None, "one that died while it polled"
    for each in (one, two):
        await each._log.aclose()


async def test_a_poller_whose_listeners_left_gives_its_turn_back(world: World) -> None:
    """They may have gone to another process, which must not wait for the lease to run out."""
    await world.poll()
    await world.feed.poller.give_way()
    await world.feed.poller.give_way()
    assert await PollTurns(world.feed._parts.log).take("acme", "another", world.clock.now()) is not None
