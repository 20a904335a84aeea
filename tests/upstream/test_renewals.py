"""Pages of issues are kept up to date behind their readers, and nobody is said to have looked who did not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.sentry_double import JSON, ONE_ATTEMPT, SERVICE, TOKEN, FakeClock, call

from dexter.errors import Unreachable
from dexter.stores.memory import MemoryStore
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Identity, Outcome, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ORG = "/api/0/organizations/acme"
ISSUE = f"{ORG}/issues/7/"
SHORT = f"{ORG}/shortids/SHOP-1/"
ACTIVITY = f"{ISSUE}activities/"


@dataclass
class OneIssue:
    """A Sentry with one issue, which counts who looks at it. `lacks` are addresses it does not have."""

    status: str = "unresolved"
    number: str = "7"
    views: int = 0
    asked: list[Call] = field(default_factory=list)
    lacks: set[str] = field(default_factory=set)
    trouble: Exception | None = None
    held: asyncio.Event | None = None
    """Until it is set, what tells of the issue without a view is not answered."""
    upstream: Upstream = field(default_factory=lambda: Upstream("https://sentry.example"))

    async def send(self, asked: Call) -> Answer:
        self.asked.append(asked)
        if self.trouble is not None and asked.path == SHORT:
            raise self.trouble
        if asked.path in self.lacks:
            return Answer(404, JSON, b'{"detail":"The requested resource does not exist"}')
        answer = Answer(200, JSON, msgspec.json.encode(self._document(asked)))
        if self.held is not None and asked.path in (SHORT, ACTIVITY):
            await self.held.wait()
        return answer

    def _document(self, asked: Call) -> Any:
        if asked.method == "PUT":
            self.status = msgspec.json.decode(asked.body if isinstance(asked.body, bytes) else b"")["status"]
        issue = {"id": self.number, "shortId": "SHOP-1", "status": self.status}
        match asked.path:
            case p if p == SHORT:
                return {"group": issue}
            case p if p == ACTIVITY:
                return {"activity": [{"type": self.status}]}
            case "/api/0/":
                return {"auth": {}}
            case _:
                self.views += asked.method == "GET"
                return issue | {"seenBy": [self.views], "activity": []}

    async def aclose(self) -> None:
        pass


@pytest.fixture
def sentry() -> OneIssue:
    return OneIssue()


@pytest.fixture
async def stack(sentry: OneIssue, clock: FakeClock) -> AsyncIterator[Stack]:
    stack = build_stack(sentry, MemoryStore(), clock, ONE_ATTEMPT)
    yield stack
    await stack.aclose()


async def settled() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Looked:
    """What a reader was given."""

    outcome: Outcome
    status: str
    age_s: float
    document: dict[str, Any]


class Readers:
    """People who look at the issue and change it, with Dexter's credential unless it is said otherwise."""

    def __init__(self, stack: Stack, clock: FakeClock) -> None:
        self._stack = stack
        self._clock = clock

    async def look(self, person: str = "ann", identity: Identity = SERVICE, **wanted: Any) -> Looked:
        asked = replace(call(ISSUE, clock=self._clock, identity=identity, **wanted), person=person)
        answer = await self._stack(asked)
        assert isinstance(answer.body, bytes)
        document = msgspec.json.decode(answer.body)
        asked_at = self._clock.now() if answer.stored_at is None else answer.stored_at
        return Looked(answer.outcome, document["status"], self._clock.now() - asked_at, document)

    async def change(self, status: str, person: str = "ann", path: str = ISSUE) -> None:
        body = msgspec.json.encode({"status": status})
        await self._stack(replace(call(path, method="PUT", body=body, clock=self._clock), person=person))
        await settled()


@pytest.fixture
def people(stack: Stack, clock: FakeClock) -> Readers:
    return Readers(stack, clock)


async def test_an_aged_page_is_given_at_once_and_brought_up_to_date_without_a_view(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """Who opens what somebody looked at six minutes ago need not wait, and nobody is said to have looked twice."""
    await people.look()
    sentry.status = "ignored"
    clock.pass_s(360)
    aged = await people.look()
    await settled()
    again = await people.look()
    assert (aged.outcome, aged.status, aged.age_s) == (Outcome.STALE, "unresolved", 360)
    assert (again.outcome, again.status, again.age_s) == (Outcome.STALE, "ignored", 360)
    assert (again.document["activity"], again.document["seenBy"]) == ([{"type": "ignored"}], [1])
    assert sentry.views == 1
    assert {asked.priority for asked in sentry.asked[1:]} == {Priority.PREFETCH}


async def test_a_page_is_not_renewed_for_ever(people: Readers, sentry: OneIssue, clock: FakeClock) -> None:
    """What stays of it is of a look that was a quarter of an hour ago; then a reader looks themselves."""
    await people.look()
    for _ in range(8):
        clock.pass_s(110)
        await people.look()
        await settled()
    clock.pass_s(30)
    assert (await people.look()).outcome is Outcome.MISS
    assert sentry.views == 2


async def test_a_page_that_many_look_at_is_renewed_once_a_minute(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """Popular pages must not cost a call at each look."""
    await people.look()
    clock.pass_s(301)
    for _ in range(10):
        await people.look()
        await settled()
        clock.pass_s(10)
    assert len([asked for asked in sentry.asked if asked.path == SHORT]) == 2


async def test_after_a_colleagues_change_the_page_shows_it_without_a_view(people: Readers, sentry: OneIssue) -> None:
    """It is brought up to date when the change is made, so that nobody is given what was before, nor waits."""
    await people.look("ben")
    await people.change("resolved", "ann")
    seen = await people.look("ben")
    assert (seen.outcome, seen.status, sentry.views) == (Outcome.STALE, "resolved", 1)


async def test_whoever_looks_before_the_page_is_renewed_waits_and_sees_the_change(
    people: Readers, sentry: OneIssue
) -> None:
    """A page from before a change is given to nobody."""
    await people.look("ben")
    sentry.held = asyncio.Event()
    await people.change("resolved", "ann")
    seen = await people.look("ben")
    assert (seen.outcome, seen.status) == (Outcome.MISS, "resolved")
    sentry.held.set()


async def test_a_renewal_from_before_a_change_is_not_kept_and_made_again(people: Readers, sentry: OneIssue) -> None:
    """Two changes in a second: what was asked for between them shows the first."""
    await people.look("ben")
    first, second = asyncio.Event(), asyncio.Event()
    sentry.held = first
    await people.change("ignored", "ann")
    sentry.held = second
    await people.change("resolved", "ann")
    first.set()
    await settled()
    assert (await people.look("ben")).status == "resolved"
    second.set()
    await settled()
    assert [asked.path for asked in sentry.asked].count(SHORT) == 2


async def test_who_made_the_change_looks_themselves(people: Readers, sentry: OneIssue) -> None:
    """What stays of a renewed page, such as who takes part, is from before their own change."""
    await people.look("ann")
    await people.change("resolved", "ann")
    assert (await people.look("ann")).outcome is Outcome.MISS
    assert sentry.views == 2


async def test_a_script_that_reads_and_changes_issues_pays_for_nothing_more(people: Readers, sentry: OneIssue) -> None:
    """Ten thousand of them must not become forty thousand calls."""
    await people.look("")
    await people.change("resolved", "")
    assert len(sentry.asked) == 2


async def test_who_changed_another_issue_need_not_look_themselves(people: Readers, sentry: OneIssue) -> None:
    """In a morning of triage everybody changes something all the time."""
    await people.look("ann")
    await people.change("resolved", "ben")
    sentry.number = "8"
    await people.change("resolved", "ann", f"{ORG}/issues/8/")
    sentry.number = "7"
    assert (await people.look("ann")).outcome is Outcome.STALE


async def test_who_may_have_changed_any_issue_looks_themselves(people: Readers, sentry: OneIssue) -> None:
    """The answer to their change showed another issue than they named: it was merged, into whichever."""
    await people.look("ann")
    await people.change("resolved", "ben")
    await people.change("resolved", "ann", f"{ORG}/issues/6/")
    assert (await people.look("ann")).outcome is Outcome.MISS


@pytest.mark.parametrize("missing", [SHORT, ACTIVITY])
async def test_where_sentry_does_not_tell_of_an_issue_but_at_a_look_the_reader_waits(
    people: Readers, sentry: OneIssue, clock: FakeClock, missing: str
) -> None:
    """Old servers, and others' servers; the page must not grow old unseen for want of an address."""
    sentry.lacks = {missing}
    await people.look()
    clock.pass_s(301)
    await people.look()
    await settled()
    assert (await people.look()).outcome is Outcome.MISS


async def test_a_page_that_cannot_be_renewed_is_tried_again_later(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """Sentry stumbled; a minute later it stands."""
    await people.look()
    clock.pass_s(301)
    sentry.trouble = Unreachable("Sentry does not answer.")
    await people.look()
    await settled()
    sentry.trouble = None
    clock.pass_s(61)
    assert (await people.look()).outcome is Outcome.STALE


async def test_who_wants_a_young_page_is_given_none_that_was_renewed(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """Its age is that of its oldest part."""
    await people.look()
    await people.change("resolved", "ben")
    clock.pass_s(30)
    assert (await people.look(max_age_s=20, max_stale_s=60)).outcome is Outcome.MISS


async def test_a_resolved_issues_page_is_renewed_every_few_seconds(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """It comes back with its next event; whoever keeps an eye on it sees that at the next look."""
    sentry.status = "resolved"
    await people.look()
    clock.pass_s(6)
    await people.look()
    await settled()
    sentry.status = "unresolved"
    clock.pass_s(6)
    before = await people.look()
    await settled()
    assert (before.status, (await people.look()).status, sentry.views) == ("resolved", "unresolved", 1)


async def test_a_resolved_issues_page_that_nobody_looked_at_for_minutes_is_not_given(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """Resolved may be long untrue by then."""
    sentry.status = "resolved"
    await people.look()
    clock.pass_s(126)
    assert (await people.look()).outcome is Outcome.MISS


async def test_a_renewed_page_is_given_to_its_own_identity_alone(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """It is renewed with the credential that it was asked for with, and kept under that."""
    await people.look("ben")
    await people.look("", TOKEN)
    await people.change("resolved", "ann")
    renewed = [asked for asked in sentry.asked if asked.path in (SHORT, ACTIVITY)]
    assert {asked.credential.authorization for asked in renewed} == {
        f"Bearer secret-of-{identity.key}" for identity in (SERVICE, TOKEN)
    }
    assert (await people.look("", TOKEN)).outcome is Outcome.STALE


async def test_after_a_purge_of_the_whole_organization_nothing_is_renewed(
    people: Readers, sentry: OneIssue, clock: FakeClock
) -> None:
    """It may mean that rights changed: what was given under the old ones is given to nobody."""
    await people.look("ben")
    await people.change("renamed", "ann", f"{ORG}/teams/")
    await people.change("resolved", "ann")
    assert (await people.look("ben")).outcome is Outcome.MISS
