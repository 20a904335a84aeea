"""Who changed something is given a list again as soon as one shows it, although search may still lag."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.sentry_double import JSON, ONE_ATTEMPT, SERVICE, TOKEN, FakeClock, call

from dexter.stores.ledger import Ledger
from dexter.stores.memory import MemoryStore
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Identity, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIST = "/api/0/organizations/acme/issues/"


@dataclass
class Issues:
    """A Sentry whose rows show the present and whose search shows what `indexed` says; by default the present, too."""

    status: dict[str, str] = field(default_factory=lambda: {"7": "unresolved", "8": "unresolved"})
    owner: dict[str, str | None] = field(default_factory=lambda: {"7": None, "8": None})
    indexed: dict[str, str] | None = None
    asked: list[Call] = field(default_factory=list)
    fails: bool = False
    garbles: bool = False
    upstream: Upstream = field(default_factory=lambda: Upstream("https://sentry.example"))

    async def send(self, asked: Call) -> Answer:
        self.asked.append(asked)
        if asked.method == "PUT":
            number = dict(asked.params).get("issue_id", "")
            document = msgspec.json.decode(asked.body if isinstance(asked.body, bytes) else b"")
            self.status[number] = document.get("status", self.status.get(number, "unresolved"))
            self.owner[number] = document.get("assignedTo", self.owner.get(number))
            if self.garbles:
                return Answer(200, JSON, b'{"id":"7","status":"caf\xe9"}')
            return Answer(502 if self.fails else 200, JSON, msgspec.json.encode(self._row(number)))
        if asked.path == "/api/0/":
            return Answer(200, JSON, b'{"auth":{}}')
        found = self.indexed or self.status
        rows = [self._row(number) for number, status in found.items() if status == "unresolved"]
        return Answer(200, JSON, msgspec.json.encode(rows))

    def _row(self, number: str) -> dict[str, Any]:
        owner = self.owner[number]
        assigned = None if owner is None else {"type": "user", "id": owner}
        return {"id": number, "status": self.status[number], "priority": "high", "assignedTo": assigned}

    async def aclose(self) -> None:
        pass


@pytest.fixture
def sentry() -> Issues:
    return Issues()


@pytest.fixture
def ledger() -> Ledger:
    """What all processes know; another one may note in it, too."""
    return Ledger()


@pytest.fixture
async def stack(sentry: Issues, clock: FakeClock, ledger: Ledger) -> AsyncIterator[Stack]:
    stack = build_stack(sentry, MemoryStore(ledger=ledger), clock, ONE_ATTEMPT)
    yield stack
    await stack.aclose()


class People:
    """They look at the list of unresolved issues, and change some."""

    def __init__(self, stack: Stack, clock: FakeClock) -> None:
        self._stack = stack
        self._clock = clock

    async def look(self, person: str, identity: Identity = SERVICE, query: str = "query=is%3Aunresolved") -> Answer:
        asked = call(LIST, query=query, clock=self._clock, identity=identity)
        answer = await self._stack(replace(asked, person=person))
        for _ in range(30):
            await asyncio.sleep(0)
        return answer

    async def change(self, person: str, path: str = f"{LIST}7/", identity: Identity = SERVICE, **fields: Any) -> None:
        body = msgspec.json.encode(fields)
        asked = call(path, method="PUT", body=body, clock=self._clock, identity=identity)
        await self._stack(replace(asked, person=person))


@pytest.fixture
def people(stack: Stack, clock: FakeClock) -> People:
    return People(stack, clock)


async def test_the_writer_waits_once_and_not_again_once_the_list_shows_the_change(
    people: People, clock: FakeClock
) -> None:
    """Who resolves one issue after the other must not wait for the list half a minute after each."""
    await people.change("ann", status="resolved")
    first = await people.look("ann")
    clock.pass_s(3)
    second = await people.look("ann")
    assert (first.outcome, second.outcome, second.body) == (Outcome.MISS, Outcome.STALE, first.body)


async def test_a_list_that_a_colleague_had_asked_for_since_will_do(people: People, clock: FakeClock) -> None:
    """They share the credential, and it shows the change."""
    await people.change("ann", assignedTo="1")
    await people.look("ben")
    clock.pass_s(3)
    assert (await people.look("ann")).outcome is Outcome.STALE


async def test_as_long_as_search_lags_the_writer_waits(people: People, sentry: Issues, clock: FakeClock) -> None:
    """What they resolved must not come back by a list that was kept."""
    sentry.indexed = {"7": "unresolved", "8": "unresolved"}
    await people.change("ann", status="resolved")
    await people.look("ann")
    clock.pass_s(3)
    sentry.indexed = None
    seen = await people.look("ann")
    assert (seen.outcome, b'"7"' in bytes(seen.body)) == (Outcome.MISS, False)  # type: ignore[arg-type]


async def test_a_list_from_before_the_change_is_not_given_whatever_it_shows(people: People, clock: FakeClock) -> None:
    """The same values as before may have been other ones in between."""
    await people.look("ann")
    await people.change("ann", status="unresolved")
    assert (await people.look("ann")).outcome is Outcome.MISS


async def test_all_that_was_changed_in_the_lag_must_be_shown(people: People, sentry: Issues, clock: FakeClock) -> None:
    """Two issues resolved in a row: one is off the list, the other not yet."""
    await people.change("ann", status="resolved")
    await people.change("ann", f"{LIST}8/", status="resolved")
    sentry.indexed = {"8": "unresolved"}
    await people.look("ann")
    clock.pass_s(3)
    assert (await people.look("ann")).outcome is Outcome.MISS


@pytest.mark.parametrize("path", [LIST, f"{LIST}6/"], ids=["many at once", "a merged one"])
async def test_a_change_of_which_it_is_not_known_what_it_changed_is_waited_for(
    people: People, sentry: Issues, clock: FakeClock, path: str
) -> None:
    """Then no list can be held against it."""
    sentry.status["6"] = sentry.status[""] = "resolved"
    sentry.owner["6"] = sentry.owner[""] = None
    await people.change("ann", f"{path}?id=7" if path == LIST else path, status="resolved", merge=1)
    await people.look("ann")
    clock.pass_s(3)
    assert (await people.look("ann")).outcome is Outcome.MISS


async def test_a_change_that_failed_is_waited_for(people: People, sentry: Issues, clock: FakeClock) -> None:
    """It may still happen."""
    sentry.fails = True
    await people.change("ann", status="resolved")
    await people.look("ann")
    clock.pass_s(3)
    assert (await people.look("ann")).outcome is Outcome.MISS


async def test_a_change_with_an_answer_that_cannot_be_read_is_waited_for(
    people: People, sentry: Issues, clock: FakeClock
) -> None:
    """What Sentry writes is not always UTF-8, and no reason to fail."""
    sentry.garbles = True
    await people.change("ann", status="resolved")
    sentry.garbles = False
    await people.look("ann")
    clock.pass_s(3)
    assert (await people.look("ann")).outcome is Outcome.MISS


async def test_what_the_writer_changed_at_another_process_is_waited_for(
    people: People, ledger: Ledger, clock: FakeClock
) -> None:
    """Its note says that they changed something, and not what."""
    await people.change("ann", status="resolved")
    clock.pass_s(1)
    tags = {"wrote:person:ann"}
    await ledger.record(tags, tags, clock.monotonic() + 30)
    await people.look("ann")
    clock.pass_s(1)
    assert (await people.look("ann")).outcome is Outcome.MISS
    await people.change("ann", f"{LIST}8/", status="resolved")
    await people.look("ann")
    clock.pass_s(1)
    assert (await people.look("ann")).outcome is Outcome.MISS
    clock.pass_s(31)
    await people.look("ann")
    clock.pass_s(6)
    assert (await people.look("ann")).outcome is not Outcome.MISS


async def test_what_a_job_changed_is_seen_as_soon_as_it_is_shown(people: People, clock: FakeClock) -> None:
    """It counts as everybody's own change, since whose it was is not known."""
    await people.change("", status="resolved")
    await people.look("ann")
    clock.pass_s(3)
    assert (await people.look("ann")).outcome is Outcome.STALE


async def test_a_token_of_ones_own_is_served_alike(people: People, clock: FakeClock) -> None:
    """A script that resolves and lists with its own token at Sentry."""
    await people.look("", TOKEN)
    await people.change("", identity=TOKEN, status="resolved")
    await people.look("", TOKEN)
    clock.pass_s(3)
    assert (await people.look("", TOKEN)).outcome is Outcome.STALE


async def test_a_list_for_review_is_waited_for(people: People, clock: FakeClock) -> None:
    """Whether a change takes an issue off it is Sentry's own affair."""
    query = "query=is%3Aunresolved%20is%3Afor_review"
    await people.change("ann", assignedTo="1")
    await people.look("ann", query=query)
    clock.pass_s(3)
    assert (await people.look("ann", query=query)).outcome is Outcome.MISS
