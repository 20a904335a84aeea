"""Clients of one age in front of a Sentry of another: the sandbox plays every Sentry."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.sandbox_transport import OWNER, SandboxTransport
from tests.doubles.sentry_double import FakeClock

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.errors import NotInThisSentry, Unreachable
from dexter.observe.records import CallTranslated, CapabilitiesProbed, DeprecationSeen, ReplyChecked
from dexter.policy.capabilities import Address, Kind, State
from dexter.policy.link_header import next_cursor
from dexter.policy.retry import RetryRule
from dexter.sandbox.profiles import profile as named_profile
from dexter.sandbox.standing import standing
from dexter.stores.memory import MemoryStore
from dexter.upstream.options import StackOptions
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Answer, Call, Credential, Identity, header

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.observe.records import Record

ORG = "/api/0/organizations/acme"
TEST_IDENTITY = Identity("token-1", "token")


class Stand:
    """A stack in front of a sandbox, and a caller."""

    def __init__(self, profile: str | None) -> None:
        self.sentry = SandboxTransport(profile)
        self.clock = FakeClock()
        self.records: list[Record] = []
        # Nobody moves the clock while a retry waits.
        options = StackOptions(retry=RetryRule(attempts=1))
        self.stack: Stack = build_stack(
            self.sentry, MemoryStore(), self.clock, options, observers=(self.records.append,)
        )

    async def ask(
        self, method: str, path: str, query: str = "", body: Any = None, *, token: str = OWNER, no_cache: bool = False
    ) -> Answer:
        endpoint, params = sentry_router().match(method, path) or (UNKNOWN, {})
        length = len(json.dumps(body)) if body is not None else 0
        headers = (
            ("Content-Type", "application/json"), ("Accept", "application/json"), ("Content-Length", str(length)),
        )  # fmt: skip
        return await self.stack(
            Call(
                endpoint=endpoint, method=method, path=path, query=query,
                identity=TEST_IDENTITY if token == OWNER else Identity(token, "token"),
                credential=Credential(f"Bearer {token}"), deadline=self.clock.monotonic() + 30,
                params=tuple(params.items()), headers=headers,
                body=None if body is None else json.dumps(body).encode(), no_cache=no_cache, transparent=True,
            )
        )  # fmt: skip

    async def event(self, project: str, message: str) -> str:
        """Have an application fail; give the issue's number."""
        row = self.sentry.db.one(
            "SELECT p.id, k.public_key FROM projects p JOIN project_keys k ON k.project_id = p.id WHERE p.slug = ?",
            project,
        )
        status, _, said = await self.sentry.request(
            "POST", f"/api/{row['id']}/store/", f"sentry_key={row['public_key']}&sentry_version=7",
            json.dumps({"message": message, "level": "error"}).encode(),
        )  # fmt: skip
        assert status == 200, said
        return str(self.sentry.db.value("SELECT max(id) FROM issues"))

    def stand_for(self, name: str) -> None:
        standing(self.sentry.sandbox).profile = named_profile(name)


@pytest.fixture
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    stand = Stand(request.param)
    yield stand
    await stand.stack.aclose()
    await stand.sentry.aclose()


def on(*profiles: str) -> Any:
    return pytest.mark.parametrize("stand", profiles, indirect=True)


def data(answer: Answer) -> Any:
    assert isinstance(answer.body, bytes)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@on("sentry-9.1")
async def test_a_new_client_reads_an_issue_of_an_old_server(stand: Stand) -> None:
    """The address within the organization is not there; the one by number is."""
    issue = await stand.event("shop-api", "one")
    assert data(await stand.ask("GET", f"{ORG}/issues/{issue}/"))["id"] == issue
    assert [one["groupID"] for one in data(await stand.ask("GET", f"{ORG}/issues/{issue}/events/"))] == [issue]
    assert data(await stand.ask("GET", f"{ORG}/issues/{issue}/events/recommended/"))["groupID"] == issue
    assert data(await stand.ask("GET", f"{ORG}/issues/{issue}/tags/"))
    short_id = data(await stand.ask("GET", f"/api/0/issues/{issue}/"))["shortId"]
    assert data(await stand.ask("GET", f"{ORG}/issues/{short_id}/"))["id"] == issue


@on("sentry-9.1")
async def test_what_was_found_once_is_not_asked_again(stand: Stand) -> None:
    """The second call goes where the first one had to be sent to."""
    issue = await stand.event("shop-api", "one")
    await stand.ask("GET", f"{ORG}/issues/{issue}/")
    stand.sentry.asked.clear()
    await stand.ask("GET", f"{ORG}/issues/{issue}/tags/")
    assert stand.sentry.asked == [f"GET /api/0/issues/{issue}/tags/"]
    stand.clock.pass_s(601)
    stand.stand_for("selfhosted-26")
    assert (await stand.ask("GET", f"{ORG}/issues/{issue}/hashes/")).status == 200
    assert stand.sentry.asked[-1] == f"GET {ORG}/issues/{issue}/hashes/"


@on("sentry-9.1")
async def test_an_upgrade_is_noticed_at_the_first_call_that_misses(stand: Stand) -> None:
    """The address that calls were sent to is gone, so what was found is doubted long before it is old."""
    issue = await stand.event("shop-api", "one")
    await stand.ask("GET", f"{ORG}/issues/{issue}/tags/")
    stand.stand_for("selfhosted-26")
    stand.clock.pass_s(31)
    answer = await stand.ask("PUT", f"{ORG}/issues/{issue}/", body={"priority": "low", "status": "resolved"})
    assert (data(answer)["status"], data(answer)["priority"]) == ("resolved", "low")


@on("sentry-9.1")
async def test_a_new_client_changes_an_issue_of_an_old_server(stand: Stand) -> None:
    """The old server gets only what it knows, and what it cannot do is refused, not passed over."""
    issue = await stand.event("shop-api", "one")
    address = f"{ORG}/issues/{issue}/"
    assert data(await stand.ask("PUT", address, body={"status": "resolved"}))["status"] == "resolved"
    forever = {"status": "ignored", "statusDetails": {}, "substatus": "archived_forever"}
    assert data(await stand.ask("PUT", address, body=forever))["status"] == "ignored"
    with pytest.raises(NotInThisSentry, match="escalates"):
        await stand.ask("PUT", address, body={"status": "ignored", "substatus": "archived_until_escalating"})
    assert (await stand.ask("DELETE", address)).status == 202


@on("sentry-9.1")
async def test_an_organizations_list_is_made_of_its_projects(stand: Stand) -> None:
    """In the order of the search, every issue once, and it ends."""
    wanted = []
    for number in range(7):
        stand.sentry.sandbox.clock.ahead_s += 60
        wanted.append(await stand.event(("shop-api", "shop-web")[number % 2], f"failure {'abcdefg'[number]}"))
    seen, cursor = [], ""
    for _ in range(10):
        answer = await stand.ask("GET", f"{ORG}/issues/", f"query=is:unresolved&limit=2{cursor}")
        seen += [one["id"] for one in data(answer)]
        found = next_cursor(header(answer.headers, "link"))
        if found is None:
            break
        cursor = f"&cursor={found}"
    assert seen == wanted[::-1]
    first = await stand.ask("GET", f"{ORG}/issues/", "query=&project=shop-web&limit=100")
    assert {one["project"]["slug"] for one in data(first)} == {"shop-web"}
    assert (header(first.headers, "link") or "").count("http://sentry.test/api/0/organizations/acme/issues/") == 2


@on("sentry-9.1")
async def test_many_issues_are_changed_project_by_project(stand: Stand) -> None:
    """An id of another project would make an old server change whatever its search finds."""
    one, two = await stand.event("shop-api", "one"), await stand.event("shop-web", "two")
    other = await stand.event("shop-api", "other")
    answer = await stand.ask("PUT", f"{ORG}/issues/", f"id={one}&id={two}&id=999999", body={"status": "resolved"})
    assert data(answer)["status"] == "resolved"
    statuses = {str(row["id"]): row["status"] for row in stand.sentry.db.all("SELECT id, status FROM issues")}
    assert statuses == {one: "resolved", two: "resolved", other: "unresolved"}
    assert (await stand.ask("PUT", f"{ORG}/issues/", "id=999999", body={"status": "resolved"})).status == 204
    with pytest.raises(NotInThisSentry):
        await stand.ask("PUT", f"{ORG}/issues/", "query=is:unresolved", body={"status": "resolved"})
    assert (await stand.ask("DELETE", f"{ORG}/issues/", f"id={other}")).status == 204
    assert stand.sentry.db.value("SELECT count(*) FROM issues WHERE status = 'resolved'") == 2


@on("sentry-9.1")
async def test_a_search_that_an_old_server_cannot_mean_is_refused_with_a_remedy(stand: Stand) -> None:
    """Leaving the term out would show issues that are not for review."""
    with pytest.raises(NotInThisSentry) as refused:
        await stand.ask("GET", f"{ORG}/issues/", "query=is:for_review")
    assert refused.value.status == 501
    assert "for_review" in refused.value.message


@on("sentry-9.1")
async def test_a_merged_list_is_kept_and_emptied_as_any_other(stand: Stand) -> None:
    """It is cached as what the caller asked for, and a write through the other dialect is a write."""
    issue = await stand.event("shop-api", "one")
    await stand.ask("GET", f"{ORG}/issues/", "query=is:unresolved")
    stand.sentry.asked.clear()
    await stand.ask("GET", f"{ORG}/issues/", "query=is:unresolved")
    assert stand.sentry.asked == []
    await stand.ask("PUT", f"{ORG}/issues/{issue}/", body={"status": "resolved"})
    assert data(await stand.ask("GET", f"{ORG}/issues/", "query=is:unresolved")) == []


@on("selfhosted-26")
async def test_what_no_older_server_ever_had_is_not_asked_about(stand: Stand) -> None:
    """A client that polls an address which this Sentry lacks must not cause a probe each time."""
    issue = await stand.event("shop-api", "one")
    assert (await stand.ask("GET", f"{ORG}/issues/{issue}/no-such-thing/")).status == 404
    assert stand.sentry.asked == [f"GET {ORG}/issues/{issue}/no-such-thing/"]


@on("sentry-9.1")
async def test_what_one_probe_could_not_tell_stays_as_it_was(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """One read of the dozen failed; calls must not go back to addresses that are known to be missing."""
    issue = await stand.event("shop-api", "one")
    await stand.ask("GET", f"{ORG}/issues/{issue}/")
    send = stand.sentry.send

    async def failing(call: Call) -> Answer:
        if call.path == f"{ORG}/issues/{issue}/tags/":
            raise Unreachable("Sentry could not be connected to.")
        return await send(call)

    monkeypatch.setattr(stand.sentry, "send", failing)
    stand.clock.pass_s(601)
    assert (await stand.ask("GET", f"{ORG}/issues/{issue}/hashes/")).status == 200
    assert stand.stack.prober.known.lacks(Address.ORGANIZATION_ISSUE)


@on("selfhosted-26")
async def test_an_old_client_reads_and_changes_issues_of_a_new_server(stand: Stand) -> None:
    """The address by number is gone; the organization is found with the caller's own rights."""
    issue = await stand.event("shop-api", "one")
    assert data(await stand.ask("GET", f"/api/0/issues/{issue}/"))["id"] == issue
    assert data(await stand.ask("GET", f"/api/0/issues/{issue}/events/latest/"))["groupID"] == issue
    assert data(await stand.ask("PUT", f"/api/0/issues/{issue}/", body={"status": "resolved"}))["status"] == "resolved"
    events = await stand.ask("GET", f"/api/0/issues/{issue}/events/")
    assert f"/api/0/issues/{issue}/events/" in (header(events.headers, "link") or "")
    assert "organizations" not in (header(events.headers, "link") or "")
    assert (await stand.ask("GET", "/api/0/issues/999999/")).status == 404


@on("selfhosted-26")
async def test_an_old_clients_list_of_all_projects_is_made_of_organizations(stand: Stand) -> None:
    """Each project says whose it is, as the old list did."""
    answer = await stand.ask("GET", "/api/0/projects/")
    assert [(one["slug"], one["organization"]["slug"]) for one in data(answer)] == [
        ("shop-api", "acme"), ("shop-web", "acme"),
    ]  # fmt: skip
    assert next_cursor(header(answer.headers, "link")) is None


@on("selfhosted-26")
async def test_a_server_that_has_everything_is_never_asked_what_it_can_do(stand: Stand) -> None:
    """The common case costs nothing; a missing issue is no missing address."""
    issue = await stand.event("shop-api", "one")
    await stand.ask("GET", f"{ORG}/issues/")
    await stand.ask("GET", f"{ORG}/issues/{issue}/")
    assert (await stand.ask("GET", f"{ORG}/issues/999999/")).status == 404
    assert stand.sentry.asked == [f"GET {ORG}/issues/", f"GET {ORG}/issues/{issue}/", f"GET {ORG}/issues/999999/"]


@on("saas")
async def test_a_brownout_is_passed_over_by_the_other_dialect(stand: Stand) -> None:
    """The caller gets its answer, and hears that its address is going."""
    issue = await stand.event("shop-api", "one")
    standing(stand.sentry.sandbox).brownouts = "permanent"
    answer = await stand.ask("GET", f"/api/0/issues/{issue}/")
    assert data(answer)["id"] == issue
    assert (header(answer.headers, "X-Sentry-Deprecation-Date") or "").startswith("2024-11-18")
    seen = [record for record in stand.records if isinstance(record, DeprecationSeen)]
    assert seen[0].brownout
    assert any(isinstance(record, CallTranslated) for record in stand.records)
    standing(stand.sentry.sandbox).brownouts = "off"
    stand.clock.pass_s(61)
    stand.sentry.asked.clear()
    await stand.ask("GET", f"/api/0/issues/{issue}/tags/")
    assert stand.sentry.asked == [f"GET /api/0/issues/{issue}/tags/"]


@on("partial")
async def test_a_partial_server_gets_each_call_where_it_has_it(stand: Stand) -> None:
    """It lists issues by organization and shows one by number."""
    issue = await stand.event("shop-api", "one")
    assert [one["id"] for one in data(await stand.ask("GET", f"{ORG}/issues/"))] == [issue]
    assert data(await stand.ask("GET", f"{ORG}/issues/{issue}/"))["id"] == issue
    assert stand.stack.prober.known.kind is Kind.PARTIAL


@on("partial")
async def test_a_partial_server_is_asked_in_words_that_it_knows(stand: Stand) -> None:
    """What is archived today was ignored before; what it would pass over is refused instead."""
    issue = await stand.event("shop-api", "one")
    await stand.ask("GET", f"{ORG}/issues/{issue}/")
    forever = {"status": "ignored", "substatus": "archived_forever"}
    assert data(await stand.ask("PUT", f"{ORG}/issues/", f"id={issue}", body=forever))["status"] == "ignored"
    assert [one["id"] for one in data(await stand.ask("GET", f"{ORG}/issues/", "query=is:archived"))] == [issue]
    with pytest.raises(NotInThisSentry):
        await stand.ask("PUT", f"{ORG}/issues/", f"id={issue}", body={"priority": "high"})


TODAY = [
    "",
    "projects/",
    "issues/",
    "issues/1/",
    "issues/1/events/",
    "issues/1/tags/",
    "members/",
    "teams/",
    "releases/",
]


@on("selfhosted-26")
async def test_replies_of_a_sentry_of_today_are_no_drift(stand: Stand) -> None:
    """A list that is full of what is as it should be is not read."""
    await stand.event("shop-api", "one")
    for path in TODAY:
        await stand.ask("GET", f"{ORG}/{path}")
    for _ in range(5):
        await asyncio.sleep(0)
    checked = [record for record in stand.records if isinstance(record, ReplyChecked)]
    assert len(checked) == len(TODAY)
    assert [record for record in checked if record.faults] == []


PROBED = [
    ("saas", Kind.SAAS, "organization", {Address.ISSUE: State.RETIRING, Address.WORKFLOWS: State.AVAILABLE}),
    ("selfhosted-26", Kind.SELF_HOSTED, "organization", {Address.ISSUE: State.MISSING}),
    ("sentry-9.1", Kind.SELF_HOSTED, "orgless", {Address.WORKFLOWS: State.MISSING}),
    ("partial", Kind.PARTIAL, "mixed", {Address.ORGANIZATION_ISSUE: State.MISSING, Address.ISSUE: State.AVAILABLE}),
]  # fmt: skip


@pytest.mark.parametrize(("stand", "kind", "dialect", "some"), PROBED, indirect=["stand"])
@pytest.mark.parametrize("with_issues", [True, False])
async def test_a_probe_tells_what_kind_of_sentry_it_is(
    stand: Stand, kind: Kind, dialect: str, some: dict[Address, State], with_issues: bool
) -> None:
    """Also of one that has no issue yet, as far as its own words go."""
    from dexter.upstream.probe import Asker

    if with_issues:
        await stand.event("shop-api", "one")
    found = await stand.stack.prober.capabilities(Asker(TEST_IDENTITY, Credential(f"Bearer {OWNER}")))
    assert found.kind is kind
    if with_issues or kind is not Kind.PARTIAL:
        assert found.dialect == dialect
        assert {address: found.state(address) for address in some} == some
    assert not [path for path in stand.sentry.asked if not path.startswith("GET ")]
    assert stand.sentry.db.value("SELECT count(*) FROM issue_user_state") == 0
    assert isinstance(stand.records[-1], CapabilitiesProbed)


@on("sentry-9.1")
async def test_a_strangers_token_teaches_nothing(stand: Stand) -> None:
    """Whoever is refused everywhere must not make the gateway believe that nothing is there."""
    answer = await stand.ask("GET", f"{ORG}/issues/", token="sntryu_stranger")
    assert answer.status == 404
    assert stand.stack.prober.known.addresses == {}
    asked = len(stand.sentry.asked)
    await stand.ask("GET", f"{ORG}/issues/", token="sntryu_stranger")
    assert len(stand.sentry.asked) == asked + 1


@on("selfhosted-26")
async def test_an_issue_is_looked_for_in_every_organization_of_the_caller(stand: Stand) -> None:
    """A number does not say whose issue it is; one of somebody else's organization stays hidden."""
    from dexter.sandbox.founding import make_project

    db = stand.sentry.db
    issue = await stand.event("shop-api", "one")
    other = db.insert("INSERT INTO organizations (slug, name, date_created) VALUES ('umbrella', 'Umbrella', 0)")
    make_project(db, other, "lab", "Lab", None, [])
    elsewhere = await stand.event("lab", "two")
    assert (await stand.ask("GET", f"/api/0/issues/{elsewhere}/")).status == 404
    owner = db.value("SELECT user_id FROM members WHERE organization_id = 1")
    db.run("INSERT INTO members (organization_id, user_id, email, role, date_created) VALUES (?,?,?,?,?)",
           other, owner, "o@example.com", "owner", 0)  # fmt: skip
    stand.clock.pass_s(61)
    assert data(await stand.ask("GET", f"/api/0/issues/{elsewhere}/"))["id"] == elsewhere
    assert data(await stand.ask("GET", f"/api/0/issues/{issue}/"))["id"] == issue
    projects = await stand.ask("GET", "/api/0/projects/")
    rows = data(projects)
    cursor = next_cursor(header(projects.headers, "link"))
    rows += data(await stand.ask("GET", "/api/0/projects/", f"cursor={cursor}"))
    assert {(one["slug"], one["organization"]["slug"]) for one in rows} == {
        ("shop-api", "acme"), ("shop-web", "acme"), ("lab", "umbrella"),
    }  # fmt: skip
