"""A crowd asks: how many times is Sentry asked?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import JSON, SERVICE, TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import TimedOut, Unreachable
from dexter.observe.records import FlightLanded, Record
from dexter.upstream.bodies import BodyStream
from dexter.wire import Answer, Call, Identity, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.stores.memory import MemoryStore
    from dexter.upstream.stack import Stack


async def test_a_hundred_cold_identical_asks_are_one_call(
    stack: Stack, sentry: SentryDouble, records: list[Record]
) -> None:
    """A deploy breaks something, and the whole team opens the same list."""
    held = Held(ok())
    sentry.will(held)
    crowd = [asyncio.create_task(stack(call())) for _ in range(100)]
    await held.asked.wait()
    held.let_go()
    answers = await asyncio.gather(*crowd)
    outcomes = [answer.outcome for answer in answers]
    assert len(sentry.calls) == 1
    assert (outcomes.count(Outcome.MISS), outcomes.count(Outcome.COLLAPSED)) == (1, 99)
    assert [record.joined for record in records if isinstance(record, FlightLanded)] == [99]


async def test_different_spellings_of_one_question_share_a_flight(stack: Stack, sentry: SentryDouble) -> None:
    """Clients order their parameters as they like."""
    held = Held(ok())
    sentry.will(held)
    crowd = [asyncio.create_task(stack(call(query=query))) for query in ("a=1&b=2", "b=2&a=1")]
    await held.asked.wait()
    held.let_go()
    await asyncio.gather(*crowd)
    assert len(sentry.calls) == 1


@pytest.mark.parametrize("other", [TOKEN, Identity("service-2", "service"), Identity("service-1", "token")])
async def test_two_identities_never_share_a_flight(stack: Stack, sentry: SentryDouble, other: Identity) -> None:
    """Each answer is made with the rights of one credential."""
    crowd = [asyncio.create_task(stack(call(identity=identity))) for identity in (SERVICE, other)]
    await asyncio.gather(*crowd)
    assert [asked.identity for asked in sentry.calls] == [SERVICE, other]


@pytest.mark.parametrize("leaving", [[0], [1], [0, 1]])
async def test_who_leaves_never_cancels_the_flight(stack: Stack, sentry: SentryDouble, leaving: list[int]) -> None:
    """The first caller closes the tab; the others, and the cache, still get the answer."""
    held = Held(ok())
    sentry.will(held)
    crowd = [asyncio.create_task(stack(call())) for _ in range(3)]
    await held.asked.wait()
    for index in leaving:
        crowd[index].cancel()
    await asyncio.sleep(0)
    held.let_go()
    ended = await asyncio.gather(*crowd, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in ended] == [index in leaving for index in range(3)]
    assert (await stack(call())).outcome is Outcome.HIT
    assert len(sentry.calls) == 1


async def test_a_flight_that_everybody_left_is_still_stored(stack: Stack, sentry: SentryDouble) -> None:
    """Sentry was asked already; the next caller gains."""
    held = Held(ok())
    sentry.will(held)
    only = asyncio.create_task(stack(call()))
    await held.asked.wait()
    only.cancel()
    await asyncio.sleep(0)
    held.let_go()
    await asyncio.gather(only, return_exceptions=True)
    assert (await stack(call())).outcome is Outcome.HIT


async def test_a_callers_own_deadline_holds_in_a_shared_flight(stack: Stack, sentry: SentryDouble) -> None:
    """Joining must not make anybody wait longer than asked, nor anybody else shorter."""
    held = Held(ok())
    sentry.will(held)
    patient = asyncio.create_task(stack(call(deadline_s=20)))
    await held.asked.wait()
    with pytest.raises(TimedOut):
        await stack(call(deadline_s=0.01))
    held.let_go()
    assert (await patient).status == 200


async def test_the_first_callers_short_time_is_not_the_flights(stack: Stack, sentry: SentryDouble) -> None:
    """The one with a hundredth of a second leaves; the one who joined stays."""
    held = Held(ok())
    sentry.will(held)
    hasty = asyncio.create_task(stack(call(deadline_s=0.01)))
    await held.asked.wait()
    patient = asyncio.create_task(stack(call()))
    with pytest.raises(TimedOut):
        await hasty
    held.let_go()
    assert (await patient).outcome is Outcome.COLLAPSED


async def test_a_failure_reaches_everybody_and_ends_with_the_flight(stack: Stack, sentry: SentryDouble) -> None:
    """Nobody hangs, and the next ask is a new one."""
    held = Held(Unreachable("down"))
    sentry.will(held, ok())
    crowd = [asyncio.create_task(stack(call())) for _ in range(5)]
    await held.asked.wait()
    held.let_go()
    ended = await asyncio.gather(*crowd, return_exceptions=True)
    assert all(isinstance(each, Unreachable) for each in ended)
    assert (await stack(call())).status == 200


async def test_no_cache_does_not_join_what_was_asked_before(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Its caller wants to know what is now; and the older answer, landing later, must not replace the newer one."""
    held = Held(ok(b'{"id":"old"}'))
    sentry.will(held, ok(b'{"id":"new"}'))
    first = asyncio.create_task(stack(call()))
    await held.asked.wait()
    clock.pass_s(1)
    assert (await stack(call(no_cache=True, clock=clock))).body == b'{"id":"new"}'
    held.let_go()
    assert (await first).body == b'{"id":"old"}'
    assert (await stack(call(clock=clock))).body == b'{"id":"new"}'
    assert len(sentry.calls) == 2


@pytest.mark.parametrize("path", ["/api/0/projects/acme/shop/keys/", "/api/0/organizations/acme/no-such/"])
async def test_secrets_and_the_unknown_do_not_share(stack: Stack, sentry: SentryDouble, path: str) -> None:
    """Each of these answers is for the one who asked."""
    await asyncio.gather(*(stack(call(path)) for _ in range(3)))
    assert len(sentry.calls) == 3


class Large:
    """A body beyond what is read whole, which says whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def answer(self) -> Answer:
        async def close() -> None:
            self.closed += 1

        return Answer(200, JSON, BodyStream(self._chunks(), close))

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield b"["
        for _ in range(9):
            yield b" " * 1024 * 1024
        yield b"]"

    async def reply(self, _: Call) -> Answer:
        return self.answer()


async def test_an_answer_too_large_to_share_streams_to_one_and_is_asked_anew_for_the_others(
    stack: Stack, sentry: SentryDouble, store: MemoryStore
) -> None:
    """Nine megabytes are not held in memory for anybody."""
    sentry.will(Large().reply)
    answers = await asyncio.gather(*(stack(call(transparent=True)) for _ in range(3)))
    sizes = []
    for answer in answers:
        assert not isinstance(answer.body, bytes)
        sizes.append(sum([len(chunk) async for chunk in answer.body]))
    assert sizes == [9 * 1024 * 1024 + 2] * 3
    assert len(sentry.calls) == 3
    assert len(store) == 0


async def test_dexters_own_features_never_get_a_stream(stack: Stack, sentry: SentryDouble) -> None:
    """They read JSON; that a Sentry client asked for the same first must not change what they get."""
    held = Held(Large().answer())
    sentry.will(held, Large().reply)
    client = asyncio.create_task(stack(call(transparent=True)))
    await held.asked.wait()
    feature = asyncio.create_task(stack(call()))
    await asyncio.sleep(0)
    held.let_go()
    assert not isinstance((await client).body, bytes)
    assert isinstance((await feature).body, bytes)


async def test_a_large_answer_that_nobody_is_left_to_take_is_closed(stack: Stack, sentry: SentryDouble) -> None:
    """Its connection would stay open for ever."""
    large = Large()
    held = Held(large.answer())
    sentry.will(held)
    only = asyncio.create_task(stack(call(transparent=True)))
    await held.asked.wait()
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    held.let_go()
    for _ in range(40):
        await asyncio.sleep(0)
    assert large.closed == 1


async def test_closing_the_stack_ends_flights(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """A server that stops must not wait for Sentry."""
    sentry.will(Held(ok()))
    waiting = asyncio.create_task(stack(call()))
    await asyncio.sleep(0.01)
    await stack.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
