"""What people will open next is asked for before they do, within bounds, and never what counts as a look."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.sentry_double import JSON, ONE_ATTEMPT, SERVICE, TOKEN, FakeClock, call

from dexter.errors import Unreachable
from dexter.stores.memory import MemoryStore
from dexter.upstream.foreseen import LEARNED_AFTER, ROWS, SAVED
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Outcome, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIST = "/api/0/organizations/acme/issues/"
EVENT, TAGS = "events/latest/", "tags/"


@dataclass
class ManyIssues:
    """A Sentry whose list shows issues by number; `down` is what happens when it is asked about one of them ahead."""

    rows: list[str] = field(default_factory=lambda: [str(number) for number in range(100, 180)])
    asked: list[Call] = field(default_factory=list)
    down: Exception | None = None
    upstream: Upstream = field(default_factory=lambda: Upstream("https://sentry.example"))

    async def send(self, asked: Call) -> Answer:
        self.asked.append(asked)
        if self.down is not None and asked.priority is Priority.PREFETCH:
            raise self.down
        if asked.path == "/api/0/":
            return Answer(200, JSON, b'{"auth":{}}')
        body: Any = [{"id": row} for row in self.rows] if asked.path == LIST else {"path": asked.path}
        return Answer(200, JSON, msgspec.json.encode(body))

    async def aclose(self) -> None:
        pass

    @property
    def ahead(self) -> list[str]:
        """What was asked ahead, after the organization's address."""
        return [each.path.removeprefix(LIST) for each in self.asked if each.priority is Priority.PREFETCH]


@pytest.fixture
def sentry() -> ManyIssues:
    return ManyIssues()


@pytest.fixture
async def stack(sentry: ManyIssues, clock: FakeClock) -> AsyncIterator[Stack]:
    stack = build_stack(sentry, MemoryStore(), clock, ONE_ATTEMPT)
    yield stack
    await stack.aclose()


async def settled() -> None:
    for _ in range(4000):
        await asyncio.sleep(0)


async def opened(
    stack: Stack, clock: FakeClock, *numbers: int, what: tuple[str, ...] = ("", EVENT), **how: Any
) -> None:
    """Somebody opens issues: each its page, and what is shown beside it."""
    for number in numbers:
        for part in what:
            await stack(call(f"{LIST}{number}/{part}", clock=clock, **how))


async def listed(stack: Stack, clock: FakeClock, **how: Any) -> Answer:
    answer = await stack(call(LIST, clock=clock, **how))
    await settled()
    return answer


async def test_what_was_opened_of_the_last_issues_is_there_before_it_is_opened_of_the_next(
    stack: Stack, sentry: ManyIssues, clock: FakeClock
) -> None:
    """The first look at an issue need not wait either."""
    await opened(stack, clock, 1, 2, 3)
    await listed(stack, clock)
    seen = await stack(call(f"{LIST}100/{EVENT}", clock=clock))
    assert seen.outcome is Outcome.HIT
    assert sentry.ahead == [f"{number}/{EVENT}" for number in range(100, 100 + ROWS)]


async def test_an_issues_own_page_is_never_asked_ahead(stack: Stack, sentry: ManyIssues, clock: FakeClock) -> None:
    """A look at it counts in Sentry, and nobody has looked."""
    await opened(stack, clock, 1, 2, 3, what=("",))
    await listed(stack, clock)
    assert sentry.ahead == []


async def test_what_few_open_is_not_asked_ahead(stack: Stack, sentry: ManyIssues, clock: FakeClock) -> None:
    """Fifty calls for what one reader in ten looks at would be waste."""
    await opened(stack, clock, 1, 2, 3, 4)
    await opened(stack, clock, 5, what=(TAGS,))
    await listed(stack, clock)
    assert {path.partition("/")[2] for path in sentry.ahead} == {EVENT}


async def test_nothing_is_asked_ahead_before_it_is_known_what_people_open(
    stack: Stack, sentry: ManyIssues, clock: FakeClock
) -> None:
    """A script that lists issues and opens none must cost what it asks."""
    await opened(stack, clock, *range(LEARNED_AFTER - 1))
    await listed(stack, clock)
    assert sentry.ahead == []


async def test_scripts_neither_teach_nor_cause_it(stack: Stack, sentry: ManyIssues, clock: FakeClock) -> None:
    """Who gives way to people reads other things than they do, and nobody waits for it."""
    for number in (1, 2, 3):
        await stack(replace(call(f"{LIST}{number}/{EVENT}", clock=clock), priority=Priority.BULK))
    await listed(stack, clock)
    await opened(stack, clock, 1, 2, 3)
    await stack(replace(call(LIST, query="query=x", clock=clock), priority=Priority.BULK))
    await settled()
    assert sentry.ahead == []


async def test_what_was_asked_ahead_is_not_asked_again_at_the_next_look(
    stack: Stack, sentry: ManyIssues, clock: FakeClock
) -> None:
    """What nobody opens is fetched once, and not kept fresh for nobody."""
    await opened(stack, clock, 1, 2, 3)
    await listed(stack, clock)
    asked = len(sentry.ahead)
    clock.pass_s(1000)
    sentry.rows.reverse()
    sentry.rows = sentry.rows[-ROWS:]
    await listed(stack, clock)
    assert len(sentry.ahead) == asked


async def test_no_more_is_asked_ahead_than_people_earn(stack: Stack, sentry: ManyIssues, clock: FakeClock) -> None:
    """Sentry must not be asked many times as much as people look."""
    await opened(stack, clock, 1, 2, 3, what=("", EVENT, TAGS, "stats/", "hashes/"))
    for query in ("", "query=a", "query=b"):
        first = 1000 * (len(query) + 1) + len(sentry.asked)
        sentry.rows = [str(first + number) for number in range(ROWS)]
        await listed(stack, clock, query=query)
    assert len(sentry.ahead) <= SAVED + 5 + 4  # what was saved, what the reads earned, and what was under way


async def test_while_sentry_is_in_trouble_nothing_more_is_asked_ahead(
    stack: Stack, sentry: ManyIssues, clock: FakeClock
) -> None:
    """It is the first thing that can be left."""
    await opened(stack, clock, 1, 2, 3)
    sentry.down = Unreachable("Sentry does not answer.")
    await listed(stack, clock)
    assert len(sentry.ahead) <= 4


async def test_it_is_asked_with_the_credential_of_whoever_sees_the_list(
    stack: Stack, sentry: ManyIssues, clock: FakeClock
) -> None:
    """What one caller opened says nothing to, and of, another; nor is anything asked with another's rights."""
    await opened(stack, clock, 1, 2, 3)
    await listed(stack, clock, identity=TOKEN)
    assert sentry.ahead == []
    await opened(stack, clock, 1, 2, 3, identity=TOKEN)
    await listed(stack, clock, identity=TOKEN, query="query=b")
    ahead = [each for each in sentry.asked if each.priority is Priority.PREFETCH]
    assert {each.credential.authorization for each in ahead} == {f"Bearer secret-of-{TOKEN.key}"}
    assert {each.identity for each in ahead} == {TOKEN}
    assert (await stack(call(f"{LIST}100/{EVENT}", clock=clock, identity=SERVICE))).outcome is Outcome.MISS


async def test_it_can_be_turned_off(sentry: ManyIssues, clock: FakeClock) -> None:
    """In front of a Sentry that counts every call."""
    stack = build_stack(sentry, MemoryStore(), clock, replace(ONE_ATTEMPT, ahead_share=0.0))
    await opened(stack, clock, 1, 2, 3)
    await listed(stack, clock)
    assert sentry.ahead == []
    await stack.aclose()


async def test_a_list_that_is_no_list_is_passed_on(stack: Stack, sentry: ManyIssues, clock: FakeClock) -> None:
    """What Sentry answers is the caller's, whatever it is."""
    await opened(stack, clock, 1, 2, 3)
    sentry.rows = ["x", "1e3"]
    assert (await listed(stack, clock)).status == 200
    assert sentry.ahead == []
