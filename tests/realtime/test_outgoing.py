"""Forwarding: each event to each subscription, in order, once unless it must be tried again, and never left out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.feed_log_double import event
from tests.realtime.outgoing_stand import FlakyDatabase, Stand

from dexter.database import people, subscription_deliveries, subscriptions
from dexter.database.columns import at
from dexter.policy.outgoing import Answered, RetryRule, Unanswered
from dexter.policy.outgoing_seal import delivery_id, signature
from dexter.realtime.hub import frame as hub_frame
from dexter.realtime.outgoing import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from dexter.database.address import Address
    from dexter.database.subscriptions import Subscription


@pytest.fixture
async def stand(address: Address, tmp_path: Path) -> AsyncIterator[Stand]:
    made = Stand(FlakyDatabase(address), tmp_path)
    yield made
    for each in made.ran:
        await each.aclose()
    await made.database.aclose()


def all_are(stand: Stand, subscription: Subscription, *states: str) -> Callable[[], Any]:
    async def holds() -> bool:
        return await stand.states(subscription) == list(states)

    return holds


async def test_what_happens_is_sent_in_its_order_and_written_down_as_delivered(stand: Stand) -> None:
    """The road itself: from the log to a receiver."""
    wanted = await stand.subscribed()
    stand.process()
    stand.log.happens(event("issue.created"), event("issue.resolved"))
    await stand.until(all_are(stand, wanted, "delivered", "delivered"))
    kinds = [headers["X-Dexter-Event"] for _, _, headers in stand.sender.sent]
    assert kinds == ["issue.created", "issue.resolved"]
    kept = await stand.kept(wanted)
    assert (kept.delivered, kept.epoch, kept.failures, kept.last_error) == (2, "one", 0, None)


@pytest.mark.parametrize(
    ("wish", "heard"),
    [
        ({"channels": ["issues"]}, [1, 2, 4]),
        ({"channels": ["alerts", "issue:8"]}, [3, 4]),
        ({"channels": ["project:shop"]}, [1, 3, 4]),
        ({"channels": ["issues"], "types": ["issue.created"]}, [2]),
        ({"channels": ["issues", "alerts"], "types": ["alert"]}, [3]),
        ({"channels": ["issues", "alerts"], "filter": "project:blog"}, [2]),
        ({"channels": ["issues"], "filter": "!project:blog issue:7"}, [1]),
    ],
)
async def test_a_subscription_gets_what_it_asked_for(stand: Stand, wish: dict[str, Any], heard: list[int]) -> None:
    """Channels and filter mean what they mean on the feed; types go on top."""
    wanted = await stand.subscribed(**wish)
    stand.process()
    stand.log.happens(
        event("issue.resolved"),
        event("issue.created", "blog"),
        event("alert.triggered"),
        event("issue.resolved", issue="8"),
        b"not for this version",
    )
    await stand.until(all_are(stand, wanted, *["delivered"] * len(heard)))
    assert sorted(msgspec.json.decode(body)["offset"] for _, body, _ in stand.sender.sent) == heard


async def test_what_is_sent_is_what_a_socket_says_and_signed(stand: Stand) -> None:
    """One reader of the protocol's page understands both."""
    wanted = await stand.subscribed()
    stand.process()
    happened = event("issue.resolved", before={"status": "unresolved"}, after={"status": "resolved"})
    stand.log.happens(happened)
    await stand.until(all_are(stand, wanted, "delivered"))
    [(_, body, headers)] = stand.sender.sent
    expected = {"kind": "event", "epoch": "one", "offset": 1, "event": msgspec.to_builtins(happened)}
    assert msgspec.json.decode(body) == expected
    assert headers["X-Dexter-Signature"] == signature(body, int(headers["X-Dexter-Timestamp"]), "secret")
    assert headers["X-Dexter-Delivery"] == delivery_id(wanted.id, "one", 1, "event")


async def test_an_event_of_which_the_receiver_says_no_is_sent_again_with_the_same_id(stand: Stand) -> None:
    """A receiver that was away for a moment misses nothing, and can tell that it is the same."""
    answers = iter([Answered(500, None, "Oops"), Unanswered("It is down.")])
    stand.sender.answer = lambda *_: next(answers, Answered(204))
    wanted = await stand.subscribed()
    stand.process()
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, "delivered"))
    assert len({headers["X-Dexter-Delivery"] for _, _, headers in stand.sender.sent}) == 1
    assert len({body for _, body, _ in stand.sender.sent}) == 1
    [delivery] = await stand.deliveries(wanted)
    assert (delivery.attempts, delivery.last_status, delivery.last_error) == (3, 204, None)
    assert [each.outcome for each in stand.told] == ["again", "again", "delivered"]


async def test_what_nobody_takes_is_a_dead_letter_with_the_reason_and_can_be_sent_again(stand: Stand) -> None:
    """Given up is not thrown away."""
    stand.sender.answer = lambda *_: Answered(500, None, "Oops")
    wanted = await stand.subscribed()
    process = stand.process()
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, "dead"))
    [delivery] = await stand.deliveries(wanted)
    assert delivery.last_error == "The receiver answered 500: Oops Given up after 3 attempts."
    kept = await stand.kept(wanted)
    assert (kept.failures, kept.delivered, kept.last_error) == (3, 0, delivery.last_error)
    stand.sender.answer = lambda *_: Answered(200)
    async with stand.database.transaction() as connection:
        assert await subscription_deliveries.retry(connection, wanted.id, at(stand.now), None) == 1
    process.wake()
    await stand.until(all_are(stand, wanted, "delivered"))
    kept = await stand.kept(wanted)
    assert (kept.failures, kept.delivered, kept.last_error) == (0, 1, None)


async def test_one_event_that_is_not_understood_holds_up_no_other(stand: Stand) -> None:
    """A receiver with a fault for one kind of event still gets the rest."""
    stand.sender.answer = lambda _, headers: Answered(500 if headers["X-Dexter-Event"] == "issue.merged" else 204)
    wanted = await stand.subscribed()
    stand.process()
    stand.log.happens(event("issue.merged"), *(event() for _ in range(10)))
    await stand.until(all_are(stand, wanted, "dead", *["delivered"] * 10))


async def test_a_receiver_that_hangs_holds_up_no_other_subscription(stand: Stand) -> None:
    """Everybody waits for their own receiver only."""
    stand.sender.holds["http://hangs/"] = asyncio.Event()
    hanging = await stand.subscribed(url="http://hangs/")
    well = await stand.subscribed()
    stand.process()
    stand.log.happens(*(event() for _ in range(20)))
    await stand.until(all_are(stand, well, *["delivered"] * 20))
    assert set(await stand.states(hanging)) == {"pending"}
    assert len(stand.sender.bodies("http://hangs/")) == lines.AT_ONCE
    stand.sender.holds["http://hangs/"].set()
    await stand.until(all_are(stand, hanging, *["delivered"] * 20))


async def test_a_receiver_that_is_down_is_asked_by_one_event_at_a_time_and_the_rest_wait(stand: Stand) -> None:
    """A crowd of attempts helps nobody to come up again, and must not use up what everybody else has left."""
    is_down = True
    stand.sender.answer = lambda *_: Unanswered("It is down.") if is_down else Answered(204)
    wanted = await stand.subscribed()
    stand.process(RetryRule(attempts=50, first_s=0.04))
    stand.log.happens(*(event() for _ in range(30)))

    async def has_failed() -> bool:
        return (await stand.kept(wanted)).failures >= 8

    await stand.until(has_failed)
    tried = [each for each in await stand.deliveries(wanted) if each.attempts]
    assert len(tried) <= 8
    is_down = False
    await stand.until(all_are(stand, wanted, *["delivered"] * 30))


async def test_while_too_much_waits_the_log_keeps_the_rest_and_nothing_is_lost(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storm at a receiver that is down must not fill the database."""
    monkeypatch.setattr(lines, "MOST_PENDING", 10)
    stand.sender.holds["http://r/"] = asyncio.Event()
    wanted = await stand.subscribed()
    stand.process()
    stand.log.happens(*(event() for _ in range(35)))
    await stand.until(all_are(stand, wanted, *["pending"] * 10))
    assert (await stand.kept(wanted)).position == 10
    stand.sender.holds["http://r/"].set()
    await stand.until(all_are(stand, wanted, *["delivered"] * 35))
    offsets = [msgspec.json.decode(body)["offset"] for _, body, _ in stand.sender.sent]
    assert sorted(offsets) == list(range(1, 36))


@pytest.mark.parametrize("why", ["trimmed", "epoch", "ahead"])
async def test_history_that_is_missing_is_sent_as_a_gap(stand: Stand, why: str) -> None:
    """Whoever adds up events must be told to look anew; silence would be a lie."""
    stand.log.happens(*(event() for _ in range(10)))
    wanted = await stand.subscribed(position=2 if why == "trimmed" else 9)
    match why:
        case "trimmed":
            stand.log.trim(2)
        case "epoch":
            stand.log.begin_anew("two")
            stand.log.happens(event(), event())
        case "ahead":
            stand.log.fall_back(5)
    stand.process()
    await stand.until(all_are(stand, wanted, *["delivered"] * (1 if why == "ahead" else 3)))
    gap = msgspec.json.decode(stand.sender.sent[0][1])
    assert (gap["kind"], gap["why"], gap["since"]["offset"]) == ("gap", why, 2 if why == "trimmed" else 9)
    assert stand.sender.sent[0][2]["X-Dexter-Event"] == "gap"
    kept = await stand.kept(wanted)
    place = {"trimmed": ("one", 10), "epoch": ("two", 2), "ahead": ("one", 5)}[why]
    assert (kept.epoch, kept.position) == place


async def test_a_receiver_that_is_gone_stops_its_subscription(stand: Stand) -> None:
    """410 means that nothing more is wanted; what it was about still waits."""
    stand.sender.answer = lambda *_: Answered(410)
    wanted = await stand.subscribed()
    stand.process()
    stand.log.happens(event())

    async def is_paused() -> bool:
        return (await stand.kept(wanted)).paused is not None

    await stand.until(is_paused)
    assert await stand.states(wanted) == ["pending"]
    sent = len(stand.sender.sent)
    stand.log.happens(event(), event())
    await asyncio.sleep(0.1)
    assert len(stand.sender.sent) == sent
    stand.sender.answer = lambda *_: Answered(204)
    async with stand.database.transaction() as connection:
        await subscriptions.change(connection, wanted.id, {"paused": None, "failures": 0, "held_until": None})
    await stand.until(all_are(stand, wanted, "delivered", "delivered", "delivered"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"disabled_at": at(0)}, "does not use this Dexter"),
        ({"is_admin": False}, "is no administrator of acme"),
        (None, "does not use this Dexter"),
    ],
)
async def test_it_forwards_only_while_its_creator_may_hear_it(
    stand: Stand, changes: dict[str, Any] | None, why: str
) -> None:
    """Somebody who left must not go on listening through a subscription."""
    async with stand.database.transaction() as connection:
        who = await people.add(
            connection, stand.now, name="Ada", email=None, password_hash=None, is_admin=True, roles={}
        )
    wanted = await stand.subscribed(created_by=who, created_by_name="Ada")
    stand.process()
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, "delivered"))
    async with stand.database.transaction() as connection:
        if changes is None:
            await people.remove(connection, who)
        else:
            await people.change(connection, who, changes)
    stand.now += lines.RECHECK_S

    async def is_paused() -> bool:
        return why in ((await stand.kept(wanted)).paused or "")

    await stand.until(is_paused)
    stand.log.happens(event())
    await asyncio.sleep(0.1)
    assert await stand.states(wanted) == ["delivered"]


async def test_of_two_processes_one_forwards_and_the_other_goes_on_when_it_ends(stand: Stand) -> None:
    """Twice the processes must not mean twice the events."""
    wanted = await stand.subscribed()
    first = stand.process()
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, "delivered"))
    second = stand.process()
    stand.log.happens(*(event() for _ in range(20)))
    await stand.until(all_are(stand, wanted, *["delivered"] * 21))
    assert (first.is_ours(), second.is_ours()) == (True, False)
    await first.aclose()
    stand.ran.remove(first)
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, *["delivered"] * 22))
    assert second.is_ours()
    assert len(stand.sender.taken) == len(set(stand.sender.taken)) == 22


async def test_a_process_that_was_away_for_long_writes_nothing_over_what_others_wrote(stand: Stand) -> None:
    """One that was stopped in the middle wakes up and finds that it was replaced."""
    wanted = await stand.subscribed()
    stand.log.happens(event())
    row = lines._event(wanted.id, hub_frame("one", stand.log.records[0]))
    async with stand.database.transaction() as connection:
        stamped = {**row, "state": "pending", "created_at": at(0), "next_attempt_at": at(0)}
        assert await subscriptions.advance(connection, wanted, "one", 1)
        await subscription_deliveries.put(connection, [stamped])
        assert not await subscriptions.advance(connection, wanted, "one", 5)
        [stale] = await subscription_deliveries.due(connection, wanted.id, at(1), 5, ())
    stand.process()
    await stand.until(all_are(stand, wanted, "delivered"))
    async with stand.database.transaction() as connection:
        assert not await subscription_deliveries.settle(connection, stale, {"state": "dead"}, {"failures": 9})
    kept = await stand.kept(wanted)
    assert (kept.failures, kept.position) == (0, 1)


async def test_what_was_not_settled_is_sent_again(stand: Stand) -> None:
    """A process that dies between the receiver's yes and its own note has another one repeat it, never leave it out."""
    wanted = await stand.subscribed()
    stand.sender.holds["http://r/"] = asyncio.Event()
    first = stand.process()
    stand.log.happens(event())

    async def was_sent() -> bool:
        return len(stand.sender.sent) == 1

    await stand.until(was_sent)
    await stand.kill(first)
    stand.sender.holds.clear()
    stand.process()
    await stand.until(all_are(stand, wanted, "delivered"))
    assert len({headers["X-Dexter-Delivery"] for _, _, headers in stand.sender.sent}) == 1
    assert len(stand.sender.sent) == 2


async def test_what_cannot_be_signed_is_not_sent_and_waits_for_the_key(stand: Stand) -> None:
    """Unsigned is worse than late; on a host that lacks the key no event may lose its attempts."""
    wanted = await stand.subscribed()
    async with stand.database.transaction() as connection:
        await subscriptions.change(connection, wanted.id, {"ciphertext": b"x" * 40})
    stand.process()
    stand.log.happens(event())

    async def is_failing() -> bool:
        return (await stand.kept(wanted)).last_error == lines.UNREADABLE

    await stand.until(is_failing)
    assert stand.sender.sent == []
    [waiting] = await stand.deliveries(wanted)
    assert (waiting.state, waiting.attempts) == ("pending", 0)
    async with stand.database.transaction() as connection:
        await subscriptions.change(connection, wanted.id, {"ciphertext": wanted.ciphertext})
    stand.now += 60
    await stand.until(all_are(stand, wanted, "delivered"))


async def test_while_the_log_is_away_what_is_pending_goes_out_and_the_rest_comes_later(stand: Stand) -> None:
    """It is no reason to lose an event, nor to hold one back that is at hand."""
    stand.sender.answer = lambda *_: Unanswered("It is down.")
    wanted = await stand.subscribed()
    first = stand.process(RetryRule(attempts=50, first_s=0.01))
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, "pending"))
    await first.aclose()
    stand.ran.remove(first)
    stand.log.is_down = True
    stand.sender.answer = lambda *_: Answered(204)
    stand.process()
    await stand.until(all_are(stand, wanted, "delivered"))
    stand.log.is_down = False
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, "delivered", "delivered"))


async def test_without_a_subscription_nothing_is_listened_to(stand: Stand) -> None:
    """A gateway that forwards nothing must not poll Sentry for it."""
    process = stand.process()
    await asyncio.sleep(0.1)
    assert process._parts.hub.listening == 0
    wanted = await stand.subscribed()

    async def listens() -> bool:
        return process._parts.hub.listening == 1

    await stand.until(listens)
    async with stand.database.transaction() as connection:
        await subscriptions.remove(connection, wanted.id)

    async def does_not() -> bool:
        return process._parts.hub.listening == 0

    await stand.until(does_not)


async def test_a_place_is_kept_also_where_nothing_was_wanted(stand: Stand) -> None:
    """Else the log would be trimmed behind it, and a gap told that was none."""
    wanted = await stand.subscribed(channels=["alerts"])
    stand.process()
    stand.log.happens(*(event() for _ in range(7)))

    async def is_there() -> bool:
        return (await stand.kept(wanted)).position == 7

    await stand.until(is_there)
    assert stand.sender.sent == []


async def test_what_could_not_be_written_down_is_read_again(stand: Stand) -> None:
    """A place in the log that runs ahead of what is written down would lose what lies between, in silence."""
    wanted = await stand.subscribed()
    process = stand.process()
    stand.log.happens(event())
    await stand.until(all_are(stand, wanted, "delivered"))
    assert isinstance(stand.database, FlakyDatabase)
    stand.database.losing = 2
    stand.log.happens(*(event() for _ in range(5)))
    await stand.until(all_are(stand, wanted, *["delivered"] * 6))
    assert stand.database.losing == 0
    assert process.is_ours()
