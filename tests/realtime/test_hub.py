"""One reader for all listeners: each hears what it asked for, once and in order, and is told where something misses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.feed_log_double import FeedLogDouble, event

from dexter.policy.feed_channels import read_filter
from dexter.realtime import hub as hub_module
from dexter.realtime.audience import Interest, Listener
from dexter.realtime.hub import Frame, Gap, Hub, Position
from dexter.realtime.poll_turns import PollTurns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def log() -> FeedLogDouble:
    return FeedLogDouble()


@pytest.fixture
async def hub(log: FeedLogDouble) -> AsyncIterator[Hub]:
    hub = Hub(log, "acme")
    yield hub
    await hub.aclose()


def ear(*channels: str, **more: Any) -> tuple[Listener, list[Frame | Gap]]:
    """A listener, and the list of what it hears."""
    heard: list[Frame | Gap] = []
    heard_before = more.pop("heard", None)
    return Listener(heard.append, Interest(frozenset(channels or ("issues",)), **more), heard_before), heard


async def settled() -> None:
    """Let the hub read what there is."""
    for _ in range(20):
        await asyncio.sleep(0)


def places(heard: list[Frame | Gap]) -> list[Any]:
    """What was heard: offsets, and of gaps why and from where on."""
    return [each.offset if isinstance(each, Frame) else (each.why, each.position) for each in heard]


async def replayed(hub: Hub, since: Position, until: Position) -> list[Any]:
    return places([found async for found in hub.between(since, until)])


async def test_who_joins_hears_what_happens_from_then_on(hub: Hub, log: FeedLogDouble) -> None:
    """Whatever lies before is asked for by those who want it."""
    log.happens(event())
    listener, heard = ear()
    assert await hub.join(listener) == Position("one", 1)
    log.happens(event(), event())
    await settled()
    assert places(heard) == [2, 3]


async def test_all_get_the_same_bytes(hub: Hub, log: FeedLogDouble) -> None:
    """To write an event out for each of five thousand would cost more than to send it."""
    (one, first), (two, second) = ear(), ear("project:shop")
    await hub.join(one)
    await hub.join(two)
    log.happens(event())
    await settled()
    assert first[0] is second[0]
    assert isinstance(first[0], Frame)
    assert first[0].text.startswith(b'{"kind":"event","epoch":"one","offset":1,"event":{"type":"issue.resolved"')


@pytest.mark.parametrize(
    ("listener", "hears"),
    [
        (ear("issues"), [1, 2]),
        (ear("project:shop"), [1]),
        (ear("issue:8"), [2]),
        (ear("alerts"), [3]),
        (ear("issues", wanted=read_filter("project:crate")), [2]),
        (ear("issues", wanted=read_filter("!type:issue.assigned")), [1]),
        (ear("issues", "alerts", projects=frozenset({"shop"})), [1]),
        (ear("issues", projects=frozenset()), []),
        (ear("issues", heard=Position("one", 1)), [2]),
        (ear("issues", heard=Position("other", 9)), [1, 2]),
    ],
)
async def test_each_hears_what_it_wants_and_may_have(
    listener: tuple[Listener, list[Frame | Gap]], hears: list[int], hub: Hub, log: FeedLogDouble
) -> None:
    """Channels and filter are a wish, projects are a right: what has no project is for those who may see all."""
    asked, heard = listener
    await hub.join(asked)
    log.happens(event(), event("issue.assigned", "crate", "8"), event("alert.triggered", None, "9"))
    await settled()
    assert places(heard) == hears


async def test_an_event_that_cannot_be_read_stops_nobody(hub: Hub, log: FeedLogDouble) -> None:
    """While hosts are updated one by one, a newer one writes what an older one does not know."""
    listener, heard = ear()
    await hub.join(listener)
    log.happens(b'{"nonsense":1}', event("weather.changed"), event())
    await settled()
    assert places(heard) == [3]
    assert await replayed(hub, Position("one", 0), Position("one", 3)) == [3]


async def test_a_log_that_begins_anew_is_a_gap_and_all_of_it_is_told(hub: Hub, log: FeedLogDouble) -> None:
    """Redis may lose everything; what it holds from then on nobody has heard."""
    listener, heard = ear()
    log.happens(event(), event())
    await hub.join(listener)
    listener.heard = Position("two", 5)
    log.begin_anew("two")
    log.happens(event())
    await settled()
    assert places(heard) == [("epoch", Position("two", 0)), 1]


async def test_a_log_that_falls_behind_its_listeners_is_a_gap_and_tells_nothing_twice(
    hub: Hub, log: FeedLogDouble
) -> None:
    """Redis comes back without its last second; what it still has was heard."""
    listener, heard = ear()
    await hub.join(listener)
    log.happens(event(), event(), event())
    await settled()
    log.fall_back(1)
    await settled()
    log.happens(event())
    await settled()
    assert places(heard) == [1, 2, 3, ("ahead", Position("one", 1)), 2]


async def test_a_log_that_starts_anew_is_a_gap_and_what_is_left_of_it_is_not_told_again(
    hub: Hub, log: FeedLogDouble
) -> None:
    """It lost its last second and gives the same offsets again, before anybody here has looked."""
    listener, heard = ear()
    await hub.join(listener)
    log.happens(event(), event(), event())
    await settled()
    log.fail_over("two", 2)
    log.happens(event(), event())
    await settled()
    assert places(heard) == [1, 2, 3, ("epoch", Position("two", 2)), 3, 4]
    assert await replayed(hub, Position("one", 3), Position("two", 4)) == [("epoch", Position("two", 2)), 3, 4]


async def test_the_last_to_leave_ends_the_reading_and_who_comes_begins_it(hub: Hub, log: FeedLogDouble) -> None:
    """Nobody's events are not read, and the next one still hears from its own beginning on."""
    listener, heard = ear()
    await hub.join(listener)
    hub.leave(listener)
    await settled()
    asked = log.asked
    log.happens(event())
    await settled()
    assert (log.asked, hub.listening) == (asked, 0)
    assert await hub.join(listener) == Position("one", 1)
    log.happens(event())
    await settled()
    assert places(heard) == [2]


async def test_a_log_that_was_down_is_read_on_where_it_was_left(
    hub: Hub, log: FeedLogDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart of Redis loses nothing that it kept."""
    monkeypatch.setattr(hub_module, "TRY_AGAIN_S", 0)
    listener, heard = ear()
    await hub.join(listener)
    log.is_down = True
    log.happens(event())
    await settled()
    log.is_down = False
    await settled()
    assert places(heard) == [1]


async def test_a_surprise_does_not_make_the_hub_go_silent(
    hub: Hub, log: FeedLogDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody would wait for ever, beside a badge that says live."""
    monkeypatch.setattr(hub_module, "TRY_AGAIN_S", 0)
    listener, heard = ear()
    await hub.join(listener)
    real, failed = log.after, []

    async def fails_once(*args: Any) -> Any:
        if not failed:
            failed.append(True)
            raise RuntimeError("surprise")
        return await real(*args)

    monkeypatch.setattr(log, "after", fails_once)
    log.happens(event())
    await settled()
    assert (failed, places(heard)) == ([True], [1])


@pytest.mark.parametrize(
    ("since", "given"),
    [
        (Position("one", 1200), list(range(1201, 1301))),
        (Position("one", 800), list(range(801, 1301))),
        (Position("one", 1300), []),
        (Position("one", 3), [("trimmed", Position("one", 100)), *range(101, 1301)]),
        (Position("one", 1400), [("ahead", Position("one", 1300))]),
        (Position("nought", 1250), [("epoch", Position("one", 100)), *range(101, 1301)]),
    ],
)
@pytest.mark.parametrize("is_at_hand", [True, False])
async def test_who_comes_back_is_given_what_it_missed_or_told_that_it_is_gone(
    since: Position, given: list[Any], is_at_hand: bool, hub: Hub, log: FeedLogDouble
) -> None:
    """Nothing is lost silently, whether it is at hand or read from the log."""
    listener, _ = ear()
    if is_at_hand:
        await hub.join(listener)
    for _ in range(13):
        log.happens(*[event()] * 100)
        await settled()
    log.trim(1200)
    assert await replayed(hub, since, Position("one", 1300)) == given


async def test_a_crowd_that_comes_back_does_not_read_the_log_anew(hub: Hub, log: FeedLogDouble) -> None:
    """After a restart thousands ask for the same few events."""
    listener, _ = ear()
    await hub.join(listener)
    log.happens(*[event()] * 10)
    await settled()
    asked = log.asked
    for _ in range(50):
        assert await replayed(hub, Position("one", 4), hub.position) == [5, 6, 7, 8, 9, 10]
    assert log.asked == asked


async def test_what_is_trimmed_away_beneath_a_long_replay_is_a_gap(hub: Hub, log: FeedLogDouble) -> None:
    """A slow reader of a week of history would otherwise miss its middle and not know it."""
    log.happens(*[event()] * 1200)
    told: list[Frame | Gap] = []
    async for found in hub.between(Position("one", 0), Position("one", 1200)):
        told.append(found)
        if len(told) == 1:
            log.trim(300)
    assert places(told) == [*range(1, 501), ("trimmed", Position("one", 900)), *range(901, 1201)]


async def test_when_a_webhook_came_last_is_asked_for_once_by_a_crowd(log: FeedLogDouble) -> None:
    """Whoever connects is told whether Sentry tells by itself; five thousand of them must not each ask the log."""
    hub = Hub(log, "acme")
    assert await hub.webhooks_at() is None
    await PollTurns(log).webhooks_told("acme", 0.0)
    hub._looked_at = float("-inf")
    real, asked = log.settle, []

    async def settle(*args: Any) -> Any:
        asked.append(args)
        return await real(*args)

    log.settle = settle  # type: ignore[method-assign]
    told = await asyncio.gather(*(hub.webhooks_at() for _ in range(50)))
    assert (set(told), len(asked)) == ({"1970-01-01T00:00:00.000Z"}, 1)
