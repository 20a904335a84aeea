"""What lies in the inbox is understood once, whatever happens, and one that nobody understands stops no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.realtime.world import World

from dexter.errors import BadRequest, Unreachable
from dexter.policy.issue_facts import IssueName
from dexter.policy.webhook_deliveries import LEGACY_PLUGIN
from dexter.realtime import readings
from dexter.stores.feed_log import FeedUnavailable
from dexter.stores.webhook_inbox import Received

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    stand = World(tmp_path)
    yield stand
    await stand.aclose()


def resolved(world: World, number: int) -> Received:
    body = {"action": "resolved", "data": {"issue": {"id": str(number), "status": "resolved"}}}
    return Received(f"r{number}", world.clock.now(), "issue", json.dumps(body).encode())


async def told(world: World) -> list[tuple[str, str | None]]:
    return [(event.type, event.issue and event.issue.id) for event in await world.events()]


async def test_one_that_cannot_be_understood_keeps_none_of_the_others_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever Sentry thinks of next, the feed must not stop at it."""
    read = world.feed.webhooks._read

    def reads(received: Received) -> Any:
        if received.request_id == "r2":
            raise RuntimeError("never seen before")
        return read(received)

    monkeypatch.setattr(world.feed.webhooks, "_read", reads)
    for number in (1, 2, 3):
        await world.feed.inbox.put(resolved(world, number))
    await world.understand()
    assert await told(world) == [("issue.resolved", "1"), ("issue.resolved", "3")]
    assert await world.feed.inbox.claim(10) == [], "and it is not tried for ever"


async def test_while_the_log_is_away_nothing_is_lost_and_nothing_waits_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis comes back after a second: the next look must find what the last one could not record."""
    settle = world.feed._parts.log.settle

    async def away(*_: Any) -> Any:
        raise FeedUnavailable("gone")

    await world.feed.inbox.put(resolved(world, 1))
    monkeypatch.setattr(world.feed._parts.log, "settle", away)
    with pytest.raises(FeedUnavailable):
        await world.understand()
    monkeypatch.setattr(world.feed._parts.log, "settle", settle)
    await world.understand()
    assert await told(world) == [("issue.resolved", "1")]


async def test_an_alert_that_a_dead_worker_had_told_already_is_not_told_again(world: World) -> None:
    """It died between telling and saying so; an alert has no state that would show it."""
    body = {"action": "critical", "data": {"description_title": "Too slow", "metric_alert": {}}}
    delivery = Received("m1", world.clock.now(), "metric_alert", json.dumps(body).encode())
    await world.feed.webhooks._record([delivery])
    await world.deliver(delivery)
    assert await told(world) == [("alert.triggered", None)]


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("seer", b'{"action":"root_cause_started","data":{}}'),
        ("issue", b"[1,2]"),
        ("issue", b'{"action":"resolved","data":{"issue":{"id":"x"}}}'),
        ("issue", b'{"action":"resolved","data":"text"}'),
        ("error", b'{"action":"created","data":{"error":{"issue_id":[]}}}'),
        ("comment", b'{"action":"created","data":{"issue_id":null}}'),
        ("metric_alert", b'{"action":7,"data":{}}'),
        ("installation", b'{"action":"created","data":{"installation":{}}}'),
    ],
)
async def test_what_means_nothing_here_is_put_away(world: World, resource: str, body: bytes) -> None:
    await world.deliver(Received("x", world.clock.now(), resource, body))
    assert await told(world) == []


async def test_what_cannot_be_read_now_is_read_later_and_what_is_refused_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Sentry that is away comes back; a request that it refuses would be refused for ever."""
    monkeypatch.setattr(readings, "TRY_AGAIN_S", 0)
    await world.error("alpha")
    send = world.sentry.send

    async def refuse(_: Any) -> Any:
        raise Unreachable("gone")

    monkeypatch.setattr(world.sentry, "send", refuse)
    world.feed.readings.want([IssueName("1")])
    await world.feed.readings.read_wanted()
    monkeypatch.setattr(world.sentry, "send", send)
    await world.read()
    assert await told(world) == [("issue.created", "1")]

    async def turn_down(*_: Any) -> Any:
        raise BadRequest("no")

    monkeypatch.setattr(world.feed.readings, "_listed", turn_down)
    world.feed.readings.want([IssueName("1")])
    await world.feed.readings.read_wanted()
    assert world.feed.readings._wanted == {}


async def test_an_unsigned_post_has_sentry_asked_and_is_not_believed(world: World) -> None:
    """Nothing polls here: what is told was found because of the post, and is told as Sentry has it."""
    await world.error("alpha")
    world.sent.clear()
    for number in ("1", "999"):
        await world.deliver(Received(f"p{number}", world.clock.now(), LEGACY_PLUGIN, b'{"id":"%b"}' % number.encode()))
    assert await told(world) == []
    await world.read()
    events = await world.events()
    assert [(event.type, event.issue and event.issue.title) for event in events] == [("issue.created", "alpha")]
