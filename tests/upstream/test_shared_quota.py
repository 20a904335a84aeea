"""Several processes on one credential, played by several stacks over one ledger: they take turns, nobody is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doubles.limited_sentry import LimitedSentry
from tests.doubles.sentry_double import SERVICE, FakeClock, SentryDouble, call

from dexter.policy.retry import RetryRule
from dexter.stores.memory import MemoryStore
from dexter.stores.quota_ledger import HostQuotaLedger, LedgerFailed, Row, Told, Wish
from dexter.stores.remembering_quota import RememberingQuotaLedger
from dexter.upstream.options import StackOptions
from dexter.upstream.shared_quota import QuotaSharing
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Answer, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

PATH = "/api/0/organizations/acme/unshared/"
OPTIONS = StackOptions(retry=RetryRule(attempts=1))


class Ledger(HostQuotaLedger):
    """One that counts how often it is asked, and can be out of reach."""

    asked = 0
    is_away = False

    async def exchange(self, bucket: str, holder: str, row: Row, wish: Wish) -> Told:
        self.asked += 1
        self._reach()
        return await super().exchange(bucket, holder, row, wish)

    async def known(self, account: str) -> bytes | None:
        self._reach()
        return await super().known(account)

    async def knows_any(self) -> bool:
        self._reach()
        return await super().knows_any()

    def _reach(self) -> None:
        if self.is_away:
            raise LedgerFailed("away")


class Process:
    """One of the processes."""

    def __init__(
        self, sentry: SentryDouble, clock: FakeClock, path: Path, *, host: Path | None = None, fewest: int = 1
    ) -> None:
        self.clock = clock
        self.ledger = Ledger(path, "test", clock.now)
        remembering = host and RememberingQuotaLedger(self.ledger, HostQuotaLedger(host, "test", clock.now), clock.now)
        self.suspended: list[int] = []
        sharing = QuotaSharing(remembering or self.ledger, self.suspended.append, lambda: fewest)
        self.stack: Stack = build_stack(sentry, MemoryStore(), clock, OPTIONS, sharing=sharing)
        self._number = 0

    def ask(self, priority: Priority = Priority.INTERACTIVE, deadline_s: float = 30.0) -> asyncio.Task[Answer]:
        self._number += 1
        query = f"n={self.ledger.asked}.{self._number}.{id(self)}"
        asked = call(PATH, query=query, clock=self.clock, identity=SERVICE, deadline_s=deadline_s)
        return asyncio.create_task(self.stack(replace(asked, priority=priority)))


async def settle() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def told(process: Process, clock: FakeClock) -> None:
    """Let Sentry answer early and late in three windows, so that all is known; stand in the midst of a fourth."""
    clock.pass_s(1.0 - clock.now() % 1.0)
    for _ in range(3):
        for pause_s in (0.01, 0.98):
            clock.pass_s(pause_s)
            await process.ask()
        clock.pass_s(0.01)
    clock.pass_s(0.5)
    await settle()


@pytest.fixture
def limited(clock: FakeClock, sentry: SentryDouble) -> LimitedSentry:
    limited = LimitedSentry(clock, limit=10)
    sentry.will(limited)
    return limited


@pytest.fixture
async def another(sentry: SentryDouble, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Callable[[], Process]]:
    """Begin another process."""
    begun: list[Process] = []

    def begin() -> Process:
        begun.append(Process(sentry, clock, tmp_path / "quota.sqlite3"))
        return begun[-1]

    yield begin
    for process in begun:
        await process.stack.aclose()
        await process.ledger.aclose()


async def test_two_processes_take_turns_in_one_window(
    another: Callable[[], Process], sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """Thirty calls at a limit of ten take three windows, whoever asked for them."""
    one, other = another(), another()
    await told(one, clock)
    await told(other, clock)
    clock.pass_s(1.0)
    sentry.calls.clear()
    calls = [process.ask() for _ in range(15) for process in (one, other)]
    sent = []
    for _ in range(3):
        await settle()
        sent.append(len(sentry.calls))
        clock.pass_s(1.0)
        await settle()
    assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
    assert limited.refused == 0
    assert sent == [10, 20, 30]


async def test_a_script_at_one_process_leaves_room_for_people_at_the_other(
    another: Callable[[], Process], clock: FakeClock, limited: LimitedSentry
) -> None:
    """The headroom is that of the credential, not of each process."""
    one, other = another(), another()
    await told(one, clock)
    await told(other, clock)
    clock.pass_s(1.0)
    script = [one.ask(Priority.BULK) for _ in range(30)]
    await settle()
    people = [other.ask() for _ in range(3)]
    await settle()
    assert [person.done() for person in people] == [True] * 3
    assert sum(each.done() for each in script) <= 7
    for each in script:
        each.cancel()
    assert limited.refused == 0


async def test_who_comes_later_knows_what_was_learned(
    another: Callable[[], Process], sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """A worker that is replaced in the midst of it all must not begin by being refused."""
    one = another()
    await told(one, clock)
    clock.pass_s(1.0)
    await asyncio.gather(*(one.ask() for _ in range(8)))
    later = another()
    await settle()
    sentry.calls.clear()
    first = later.ask()
    await settle()
    calls = [later.ask() for _ in range(8)]
    await settle()
    # The very first question of a process goes out while it looks whether there are limits at all.
    assert len(sentry.calls) == 2
    clock.pass_s(1.0)
    await settle()
    assert {answer.status for answer in await asyncio.gather(first, *calls)} == {200}
    assert limited.refused == 0


async def test_a_sentry_without_limits_costs_no_question(another: Callable[[], Process], sentry: SentryDouble) -> None:
    """A self-hosted Sentry limits nothing, and then nothing is added."""
    process = another()
    await asyncio.gather(*(process.ask() for _ in range(20)))
    await settle()
    assert process.ledger.asked == 0
    assert len(sentry.calls) == 20


async def test_places_at_once_are_shared(
    another: Callable[[], Process], sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """Sentry's cap on what is under way counts all processes' calls; a place that one frees is the other's."""
    one, other = another(), another()
    limited.concurrent = 6
    await told(one, clock)
    await told(other, clock)
    clock.pass_s(1.0)
    limited.hold()
    calls = [process.ask() for _ in range(4) for process in (one, other)]
    await settle()
    assert limited.under_way == 5
    limited.release()
    for _ in range(5):
        clock.pass_s(0.03)
        await settle()
    assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
    assert limited.refused == 0


async def test_a_process_that_dies_gives_its_places_back(
    another: Callable[[], Process], clock: FakeClock, limited: LimitedSentry
) -> None:
    """What it had under way ended with it; the others believe so after some seconds of silence."""
    one, other = another(), another()
    limited.concurrent = 6
    await told(one, clock)
    await told(other, clock)
    clock.pass_s(1.0)
    limited.hold()
    lost = [one.ask() for _ in range(5)]
    await settle()
    assert limited.under_way == 5
    one.ledger.is_away = True
    limited.forget()
    mine = other.ask()
    await settle()
    assert not mine.done()
    for _ in range(40):
        clock.pass_s(0.1)
        await settle()
    assert mine.done()
    for each in lost:
        each.cancel()


async def test_cut_off_each_keeps_to_its_part_and_says_so(
    another: Callable[[], Process], sentry: SentryDouble, clock: FakeClock, limited: LimitedSentry
) -> None:
    """Nobody knows what the others send, so nobody sends more than a part; and all is as before when it is back."""
    one, other = another(), another()
    await told(one, clock)
    await told(other, clock)
    await one.ask()
    one.ledger.is_away = other.ledger.is_away = True
    clock.pass_s(1.0)
    sentry.calls.clear()
    calls = [process.ask() for _ in range(10) for process in (one, other)]
    await settle()
    assert len(sentry.calls) == 10
    assert (one.suspended, other.suspended) == ([2], [2])
    one.ledger.is_away = other.ledger.is_away = False
    clock.pass_s(1.0)
    await settle()
    clock.pass_s(1.0)
    await settle()
    assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
    assert (one.suspended, other.suspended) == ([2, 0], [2, 0])
    assert limited.refused == 0


@pytest.mark.parametrize(
    ("remembers", "parts"), [(True, 2), (False, 5)], ids=["the host remembers who shared", "nobody remembers"]
)
async def test_a_process_that_begins_while_the_ledger_is_away_takes_a_part(
    sentry: SentryDouble,
    clock: FakeClock,
    limited: LimitedSentry,
    tmp_path: Path,
    remembers: bool,
    parts: int,
) -> None:
    """It knows nothing of the others, who keep to their parts: whole limits for it are more than there is."""
    shared, host = tmp_path / "shared", tmp_path / "host"
    before = [Process(sentry, clock, shared, host=host) for _ in range(2)]
    for process in before:
        await told(process, clock)
    await before[0].ask()
    clock.pass_s(1.0)
    begun = Process(sentry, clock, shared, host=host if remembers else tmp_path / "new", fewest=2 if remembers else 5)
    begun.ledger.is_away = True
    sentry.calls.clear()
    calls = [begun.ask() for _ in range(10)]
    for _ in range(4):
        await settle()
    assert begun.suspended == [parts]
    if remembers:
        # The very first goes out while it is looked up whether there are limits at all.
        assert len(sentry.calls) <= 10 // parts + 1
    more = [begun.ask() for _ in range(10)]
    sent = []
    for _ in range(4):
        sentry.calls.clear()
        clock.pass_s(1.0)
        for _ in range(4):
            await settle()
        sent.append(len(sentry.calls))
    assert 0 < max(sent) <= 10 // parts, sent
    for each in (*calls, *more):
        each.cancel()
    for process in (*before, begun):
        await process.stack.aclose()
        await process.ledger.aclose()
