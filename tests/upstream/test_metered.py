"""Transcripts of the quota: Sentry tells its limits, calls wait their turn, nobody is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.doubles.limited_sentry import PLAIN, TOO_OFTEN, LimitedSentry
from tests.doubles.sentry_double import JSON, SERVICE, TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import RateLimited
from dexter.observe.records import CallWaited, QuotaTold, Record, RefusedByQuota
from dexter.policy.breaker import BreakerRule
from dexter.policy.retry import RetryRule
from dexter.stores.memory import MemoryStore
from dexter.upstream.admission import NoPlace
from dexter.upstream.options import StackOptions
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Answer, Headers, Identity, Priority, header

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATH = "/api/0/organizations/acme/unshared/"
ISSUE = "/api/0/organizations/acme/issues/7/"
OPTIONS = StackOptions(retry=RetryRule(attempts=1), breaker=BreakerRule(threshold=2))


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def ask(
    stack: Stack,
    clock: FakeClock,
    number: int = 0,
    *,
    priority: Priority = Priority.INTERACTIVE,
    identity: Identity = SERVICE,
    deadline_s: float = 30.0,
) -> asyncio.Task[Answer]:
    asked = call(PATH, query=f"n={number}", clock=clock, identity=identity, deadline_s=deadline_s)
    return asyncio.create_task(stack(replace(asked, priority=priority)))


@pytest.fixture
def limited(clock: FakeClock, sentry: SentryDouble) -> LimitedSentry:
    limited = LimitedSentry(clock)
    sentry.will(limited)
    return limited


@pytest.fixture
async def stack(sentry: SentryDouble, clock: FakeClock, records: list[Record]) -> AsyncIterator[Stack]:
    stack = build_stack(sentry, MemoryStore(), clock, OPTIONS, (records.append,))
    yield stack
    await stack.aclose()


async def told(stack: Stack, clock: FakeClock) -> None:
    """Let Sentry answer early and late in three windows, so that all is known; stand in the midst of a fourth."""
    for _ in range(3):
        clock.pass_s(0.01)
        await ask(stack, clock)
        clock.pass_s(0.98)
        await ask(stack, clock)
        clock.pass_s(0.01)
    clock.pass_s(0.5)


async def test_what_does_not_fit_waits_for_the_next_window(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry, records: list[Record]
) -> None:
    """Twelve calls at a limit of five take three windows, and none of them is refused."""
    await told(stack, clock)
    sentry.calls.clear()
    calls = [ask(stack, clock, number) for number in range(12)]
    sent = []
    for _ in range(3):
        await settle()
        sent.append(len(sentry.calls))
        clock.pass_s(1.0)
    assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
    assert (sent, limited.refused) == ([5, 10, 12], 0)
    assert len([record for record in records if isinstance(record, CallWaited)]) == 7


async def test_nothing_stands_before_a_sentry_without_limits(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, records: list[Record]
) -> None:
    """A self-hosted one tells none."""
    sentry.will(ok(b"[]"))
    await asyncio.gather(*(ask(stack, clock, number) for number in range(500)))
    assert len(sentry.calls) == 500
    assert not clock.sleepers
    assert not [record for record in records if isinstance(record, QuotaTold)]


async def test_people_go_before_scripts(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """A script that came first by a thousand calls does not keep a person waiting for them."""
    await told(stack, clock)
    script = [ask(stack, clock, number, priority=Priority.BULK) for number in range(20)]
    await settle()
    sentry.calls.clear()
    person = [ask(stack, clock, 100 + number) for number in range(2)]
    await settle()
    assert all(each.done() for each in person)
    assert not script[10].done()
    for each in script:
        each.cancel()
    await asyncio.gather(*script, return_exceptions=True)


async def test_within_a_priority_the_first_goes_first(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """Otherwise the unlucky would wait for ever."""
    await told(stack, clock)
    sentry.calls.clear()
    calls = [ask(stack, clock, number) for number in range(11)]
    for _ in range(3):
        await settle()
        clock.pass_s(1.0)
    await asyncio.gather(*calls)
    assert [asked.query for asked in sentry.calls] == [f"n={number}" for number in range(11)]


async def test_who_cannot_be_served_in_time_is_told_at_once_until_when(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """The truth now is better than the same truth after half a minute."""
    await told(stack, clock)
    calls = [ask(stack, clock, number) for number in range(15)]
    await settle()
    with pytest.raises(RateLimited) as caught:
        await ask(stack, clock, 99, deadline_s=2.0)
    assert caught.value.until == pytest.approx(int(clock.epoch) + 3, abs=0.1)
    for _ in range(3):
        await settle()
        clock.pass_s(1.0)
    await asyncio.gather(*calls)


async def test_whose_time_runs_out_in_the_queue_is_told_when_it_does(
    stack: Stack, clock: FakeClock, limited: LimitedSentry
) -> None:
    """People who keep coming first may take a script's turn; it hears of it within its time, as 429 and not as 504."""
    await told(stack, clock)
    await asyncio.gather(*(ask(stack, clock, number) for number in range(5)))
    script = ask(stack, clock, priority=Priority.PREFETCH, deadline_s=1.9)
    await settle()
    crowd = [ask(stack, clock, number) for number in range(10, 25)]
    await settle()
    clock.pass_s(1.0)
    await settle()
    clock.pass_s(0.8)
    await settle()
    with pytest.raises(RateLimited):
        await script
    for _ in range(4):
        clock.pass_s(1.0)
        await settle()
    await asyncio.gather(*crowd)


async def test_a_caller_who_leaves_the_queue_holds_nobody_up(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """Closed windows are the normal case."""
    await told(stack, clock)
    calls = [ask(stack, clock, number) for number in range(20)]
    await settle()
    for each in calls[5:18]:
        each.cancel()
    sentry.calls.clear()
    clock.pass_s(1.0)
    await settle()
    assert [asked.query for asked in sentry.calls] == ["n=18", "n=19"]
    await asyncio.gather(*calls, return_exceptions=True)


async def test_one_credentials_quota_is_not_anothers(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """A stranger's script must not slow down the others."""
    await told(stack, clock)
    mine = [ask(stack, clock, number) for number in range(20)]
    await settle()
    assert (await ask(stack, clock, identity=TOKEN)).status == 200
    for each in mine:
        each.cancel()
    await asyncio.gather(*mine, return_exceptions=True)


async def test_an_unexpected_429_is_learned_from_and_the_read_waits(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, records: list[Record]
) -> None:
    """Somebody else used the quota up; the caller need not know."""
    sentry.will(Answer(429, PLAIN, TOO_OFTEN), ok(b"[]"))
    asking = ask(stack, clock)
    await settle()
    assert (len(sentry.calls), asking.done()) == (1, False)
    clock.pass_s(1.0)
    assert (await asking).status == 200
    assert [record.reason for record in records if isinstance(record, RefusedByQuota)] == ["TooOften"]


async def test_a_write_that_the_limiter_refused_goes_again(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """The limiter stands before the work, so that its refusal proves that nothing was done."""
    sentry.will(Answer(429, PLAIN, TOO_OFTEN), ok())
    asking = asyncio.create_task(stack(call(ISSUE, method="PUT", body=b"{}", clock=clock)))
    await settle()
    clock.pass_s(1.0)
    assert (await asking).status == 200
    assert [asked.body for asked in sentry.calls] == [b"{}", b"{}"]


@pytest.mark.parametrize(
    ("headers", "body", "retry_after"),
    [
        (JSON, b'{"detail":"Try fewer projects."}', "1"),
        ((*JSON, ("Retry-After", "7")), b"", "7"),
    ],
)
async def test_a_write_that_was_refused_in_the_midst_is_not_sent_again(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, headers: Headers, body: bytes, retry_after: str
) -> None:
    """It may be half done; its caller decides, and is told when."""
    sentry.will(Answer(429, headers, body))
    answer = await stack(call(ISSUE, method="PUT", body=b"{}", clock=clock))
    assert (answer.status, len(sentry.calls), header(answer.headers, "retry-after")) == (429, 1, retry_after)


async def test_a_429_without_a_word_is_passed_on(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """Nobody knows how long to wait."""
    sentry.will(ok(b"{}", status=429))
    answer = await ask(stack, clock)
    assert (answer.status, len(sentry.calls)) == (429, 1)


async def test_a_429_never_trips_the_breaker_and_is_never_kept(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """It says that there was too much of us, and nothing of Sentry or of the issue."""
    sentry.will(ok(b"{}", status=429))
    for _ in range(5):
        assert (await stack(call(clock=clock))).status == 429
    sentry.will(ok())
    assert (await stack(call(clock=clock))).status == 200


async def test_what_is_left_is_told(
    stack: Stack, clock: FakeClock, limited: LimitedSentry, records: list[Record]
) -> None:
    """For the gauges."""
    await told(stack, clock)
    last = [record for record in records if isinstance(record, QuotaTold)][-1]
    assert msgspec.structs.replace(last, resets_at=None) == QuotaTold(
        "service", "GET", limit=5, remaining=3, concurrent_limit=None
    )
    assert last.resets_at is not None
    assert clock.now() - 1 <= last.resets_at <= clock.now() + 1


async def test_a_caller_without_a_place_in_its_time_is_told_so(sentry: SentryDouble, clock: FakeClock) -> None:
    """Sentry hangs, and all places are taken by those who came before."""
    stack = build_stack(sentry, MemoryStore(), clock, replace(OPTIONS, connections=4))
    hanging = Held(ok(b"[]"))
    sentry.will(hanging)
    first = ask(stack, clock)
    await hanging.asked.wait()
    second = ask(stack, clock, 1, deadline_s=5.0)
    await settle()
    clock.pass_s(4.8)
    with pytest.raises(NoPlace):
        await second
    hanging.let_go()
    await first
    await stack.aclose()


async def test_calls_at_once_stay_below_sentrys_cap(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """With one place in hand, and room for people beside a script."""
    limits = (("X-Sentry-Rate-Limit-Limit", "1000"), ("X-Sentry-Rate-Limit-ConcurrentLimit", "11"))
    sentry.will(ok(b"[]", headers=(*JSON, *limits)))
    await ask(stack, clock)
    hanging = Held(ok(b"[]"))
    sentry.will(hanging)
    sentry.calls.clear()
    script = [ask(stack, clock, number, priority=Priority.BULK) for number in range(30)]
    await settle()
    assert len(sentry.calls) == 7
    people = [ask(stack, clock, 100 + number) for number in range(10)]
    await settle()
    assert len(sentry.calls) == 10
    hanging.let_go()
    assert {answer.status for answer in await asyncio.gather(*script, *people)} == {200}
