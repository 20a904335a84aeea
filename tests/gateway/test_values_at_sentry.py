"""Changes at Sentry's own addresses leave rows that say from which values to which, without a look at Sentry for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.doubles.sentry_double import FakeClock

from dexter.gateway.values_at_sentry import SEEN_WITHIN_S, LastKnown
from dexter.policy.change_values import NOT_KNOWN
from dexter.policy.issue_facts import IssueName
from dexter.policy.issue_feed import IssueFacts, Seen
from dexter.realtime.events import Source
from dexter.realtime.intake import Intake, Sighting
from dexter.stores.feed_sqlite import SqliteFeedLog
from dexter.stores.memory import MemoryStore
from dexter.wire import Identity

from .test_issue_management import ORG, Stand, stand  # noqa: F401 - the fixture

if TYPE_CHECKING:
    from pathlib import Path

READER = Identity("service", "service")


async def rows(stand: Stand, query: str = "") -> list[Any]:  # noqa: F811
    found: list[Any] = (await stand.v1("GET", f"/audit{query}"))["data"]
    return found


async def at_sentry(stand: Stand, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:  # noqa: F811
    response = await stand.visitor.send(method, path, body)
    assert response.status == expect, (response.status, response.body)
    return response.json() if response.body else None


async def test_what_was_read_a_moment_ago_is_what_was_there(stand: Stand) -> None:  # noqa: F811
    """A script reads an issue and resolves it: the log knows both, and Sentry is asked nothing more."""
    issue = await stand.born("KeyError")
    await at_sentry(stand, "GET", f"{ORG}/issues/{issue}/")
    stand.transport.asked.clear()
    await at_sentry(stand, "PUT", f"{ORG}/issues/{issue}/", {"status": "resolved", "assignedTo": "user:1"})
    assert stand.transport.asked == [f"PUT {ORG}/issues/{issue}/"]
    row = (await rows(stand, f"?issue={issue}"))[0]
    assert (row["before"]["status"], row["before"]["assignee"]) == ("unresolved", None)
    assert (row["after"]["status"], row["after"]["assignee"]["id"]) == ("resolved", "1")
    assert row["sentry_account"] == "Dexter's account"


async def test_what_nobody_knows_is_said_not_to_be_known(stand: Stand) -> None:  # noqa: F811
    """An empty cell would read as: there was nothing."""
    issue = await stand.born("KeyError")
    await at_sentry(stand, "PUT", f"{ORG}/issues/{issue}/", {"status": "resolved"})
    row = (await rows(stand, f"?issue={issue}"))[0]
    assert row["before"] == {"status": NOT_KNOWN}
    assert row["after"]["status"] == "resolved"


async def test_an_issue_named_by_its_short_id_is_found_by_its_number(stand: Stand) -> None:  # noqa: F811
    """Who looks for the history of an issue names it as Sentry does."""
    issue = await stand.born("KeyError")
    short = (await stand.v1("GET", f"/issues/{issue}"))["shortId"]
    await at_sentry(stand, "PUT", f"{ORG}/issues/{short}/", {"priority": "low"})
    assert [row["after"] for row in await rows(stand, f"?issue={issue}")] == [{"priority": "low"}]


async def test_a_bulk_change_leaves_a_row_on_each_issue(stand: Stand) -> None:  # noqa: F811
    """The history of an issue had a gap wherever a script had changed several at once."""
    one, other = [await stand.born(kind) for kind in ("KeyError", "ValueError")]
    await at_sentry(stand, "PUT", f"{ORG}/issues/?id={one}&id={other}&id=999999", {"priority": "low"})
    for issue in (one, other):
        (row,) = await rows(stand, f"?issue={issue}")
        assert (row["before"], row["after"]) == ({"priority": "high"}, {"priority": "low"})
        assert row["outcome"] == "done"
    assert await rows(stand, "?issue=999999") == [], "Sentry passed over it"
    whole = next(row for row in await rows(stand) if row["target"]["kind"] == "organization")
    assert whole["after"] == {"query": {"id": [one, other, "999999"]}, "priority": "low"}


async def test_a_bulk_deletion_says_which_and_not_what_they_were(stand: Stand) -> None:  # noqa: F811
    """Sentry does not say which of them it found, so neither does the log."""
    issue = await stand.born("KeyError")
    await at_sentry(stand, "DELETE", f"{ORG}/issues/?id={issue}", expect=204)
    (row,) = await rows(stand, f"?issue={issue}")
    assert (row["before"], row["after"], row["outcome"]) == (NOT_KNOWN, None, "unknown")


async def test_a_teams_name_and_what_is_made_there(stand: Stand) -> None:  # noqa: F811
    """Not only issues are changed through Dexter."""
    made = await at_sentry(stand, "POST", f"{ORG}/teams/", {"name": "New", "slug": "new"}, expect=201)
    team = "/api/0/teams/acme/new/"
    await at_sentry(stand, "GET", team)
    await at_sentry(stand, "PUT", team, {"slug": "newer"})
    await at_sentry(stand, "DELETE", "/api/0/teams/acme/newer/", expect=204)
    gone, changed, first = [(row["before"], row["after"]) for row in (await rows(stand))[:3]]
    assert first == (None, {"id": made["id"], "slug": "new", "name": "New"})
    assert changed == ({"slug": "new"}, {"slug": "newer"})
    assert gone == (NOT_KNOWN, None)


async def test_what_sentry_refuses_changed_nothing(stand: Stand) -> None:  # noqa: F811
    """And has no values."""
    await at_sentry(stand, "PUT", f"{ORG}/issues/999999/", {"status": "resolved"}, expect=404)
    (row,) = await rows(stand, "?issue=999999")
    assert (row["outcome"], row["before"], row["after"]) == ("refused", None, None)


async def test_a_packed_answer_is_read_as_well(stand: Stand) -> None:  # noqa: F811
    """Sentry's clients take gzip, and the log read nothing of what they were answered."""
    issue = await stand.born("KeyError")
    packed = await stand.visitor.send(
        "PUT", f"{ORG}/issues/{issue}/", {"assignedTo": "user:1"}, headers={"accept-encoding": "gzip"}
    )
    assert packed.status == 200
    (row,) = await rows(stand, f"?issue={issue}")
    assert row["after"]["assignee"]["type"] == "user"


async def test_what_the_feed_saw_lately_is_what_was_there(tmp_path: Path) -> None:
    """Most issues are never opened before a script changes them, and the feed has seen them all the same."""
    clock, seen = FakeClock(), IssueFacts(status="unresolved", assignee="team:2")
    intake = Intake(SqliteFeedLog(tmp_path / "feed", clock.now), MemoryStore(), clock.now)
    await intake.sighted("acme", [Sighting(IssueName("7"), Seen(seen, clock.now(), whole=True), Source.POLL)])
    known = LastKnown(MemoryStore(), SimpleNamespace(organization="acme", intake=intake), READER, clock.now)  # type: ignore[arg-type]
    there = {"status": "unresolved", "assignedTo": {"type": "team", "id": "2"}}
    assert await known.issue("/api/0/issues/7/", "Acme", "7", (READER,)) == there
    assert await known.issues("elsewhere", ["7"]) == {}
    clock.pass_s(SEEN_WITHIN_S + 1)
    assert await known.issues("acme", ["7"]) == {}, "meanwhile somebody else may have changed it"
