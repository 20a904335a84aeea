"""Changing issues, one and many: what is set, what is refused, what is written down, and Sentry's hazards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.issue_births import ISSUES, born

from dexter.sandbox.auth import store_token
from dexter.sandbox.founding import make_member, make_team
from dexter.sandbox.options import SandboxOptions

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

ORGANIZATION = 1


async def shown(box: Box, issue: int) -> dict[str, Any]:
    reply = await box.http.get(f"{ISSUES}{issue}/")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.data
    return found


async def update(box: Box, issue: int, **body: Any) -> dict[str, Any]:
    reply = await box.http.put(f"{ISSUES}{issue}/", body)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.data
    return found


def kinds(detail: dict[str, Any]) -> list[str]:
    return [item["type"] for item in detail["activity"]]


def person(box: Box, name: str, *, in_team: bool = True) -> int:
    user: int = box.db.insert(
        "INSERT INTO users (username, email, name, date_joined) VALUES (?,?,?,?)",
        name, f"{name}@example.com", name.title(), box.clock.now,
    )  # fmt: skip
    member = make_member(box.db, ORGANIZATION, user, f"{name}@example.com", "member")
    if in_team:
        team = box.db.value("SELECT id FROM teams WHERE slug = 'engineering'")
        box.db.run("INSERT INTO team_members (team_id, member_id) VALUES (?,?)", team, member)
    return user


def release(box: Box, version: str) -> None:
    release_id = box.db.insert(
        "INSERT INTO releases (organization_id, version, date_created) VALUES (?,?,?)",
        ORGANIZATION, version, box.clock.now,
    )  # fmt: skip
    project, _ = box.key()
    box.db.run("INSERT INTO release_projects (release_id, project_id) VALUES (?,?)", release_id, project)


async def test_resolving_gives_the_whole_issue_back_and_is_written_down(box: Box) -> None:
    """A client patches its copy from the reply: it must be the full issue without the detail's extras."""
    issue = await born(box, "KeyError")
    reply = await update(box, issue, status="resolved")
    assert reply["id"] == str(issue)
    assert reply["status"] == "resolved"
    assert reply["statusDetails"] == {}
    assert "activity" not in reply
    detail = await shown(box, issue)
    assert kinds(detail) == ["set_resolved", "first_seen"]
    assert detail["activity"][0]["user"]["email"] == "owner@example.com"


async def test_resolving_again_changes_nothing(box: Box) -> None:
    """Sentry treats it as done already: no second activity."""
    issue = await born(box, "KeyError")
    await update(box, issue, status="resolved")
    await update(box, issue, status="resolved")
    assert kinds(await shown(box, issue)).count("set_resolved") == 1


@pytest.mark.parametrize(
    ("body", "substatus", "details"),
    [
        ({"status": "ignored"}, "archived_until_escalating", {}),
        ({"status": "muted"}, "archived_until_escalating", {}),
        ({"status": "ignored", "substatus": "archived_forever"}, "archived_forever", {}),
        ({"status": "ignored", "substatus": "archived_until_escalating"}, "archived_until_escalating", {}),
        (
            {"status": "ignored", "statusDetails": {"ignoreCount": 10}},
            "archived_until_condition_met",
            {"ignoreCount": 10},
        ),
        (
            {"status": "ignored", "statusDetails": {"ignoreCount": 10, "ignoreWindow": 60}},
            "archived_until_condition_met",
            {"ignoreCount": 10, "ignoreWindow": 60},
        ),
        (
            {"status": "ignored", "statusDetails": {"ignoreUserCount": 3, "ignoreUserWindow": 30}},
            "archived_until_condition_met",
            {"ignoreUserCount": 3, "ignoreUserWindow": 30},
        ),
        (
            {"status": "ignored", "statusDetails": {"ignoreDuration": 30}},
            "archived_until_condition_met",
            {"ignoreUntil": "2026-09-21T14:43:20Z"},
        ),
        (
            {"status": "ignored", "ignoreDuration": 30},
            "archived_until_condition_met",
            {"ignoreUntil": "2026-09-21T14:43:20Z"},
        ),
    ],
)  # fmt: skip
async def test_archive_modes(box: Box, body: dict[str, Any], substatus: str, details: dict[str, Any]) -> None:
    """Every way to archive ends in the substatus and the details that clients show."""
    issue = await born(box, "KeyError")
    await update(box, issue, **body)
    detail = await shown(box, issue)
    assert (detail["status"], detail["substatus"]) == ("ignored", substatus)
    found = {name: value for name, value in detail["statusDetails"].items() if name != "actor"}
    assert found == details
    assert kinds(detail)[0] == "set_ignored"


async def test_archive_for_a_while_ends_by_itself(box: Box) -> None:
    """A snooze that never ends hides an issue for good."""
    issue = await born(box, "KeyError")
    await update(box, issue, status="ignored", statusDetails={"ignoreDuration": 30})
    box.clock.tick(29 * 60)
    assert (await shown(box, issue))["status"] == "ignored"
    box.clock.tick(61)
    detail = await shown(box, issue)
    assert (detail["status"], detail["substatus"]) == ("unresolved", "ongoing")
    assert kinds(detail)[0] == "set_unresolved"


async def test_remaining_count_of_an_archive_shrinks(box: Box) -> None:
    """ignoreCount tells how many events are left, not how many were asked for."""
    issue = await born(box, "KeyError")
    await update(box, issue, status="ignored", statusDetails={"ignoreCount": 5})
    await born(box, "KeyError")
    assert (await shown(box, issue))["statusDetails"]["ignoreCount"] == 4


async def test_resolved_in_next_release_needs_and_names_a_release(box: Box) -> None:
    """Without any release there is no next one: Sentry refuses, and so must the sandbox."""
    issue = await born(box, "KeyError")
    body = {"status": "resolved", "statusDetails": {"inNextRelease": True}}
    refused = await box.http.put(f"{ISSUES}{issue}/", body)
    assert refused.status == 400
    assert "inNextRelease" in refused.data["statusDetails"]
    release(box, "shop@1.0")
    reply = await update(box, issue, **body)
    assert reply["statusDetails"]["inNextRelease"] is True
    assert reply["statusDetails"]["actor"]["email"] == "owner@example.com"
    assert kinds(await shown(box, issue))[0] == "set_resolved_in_release"


@pytest.mark.parametrize(("version", "expected"), [("shop@1.0", "shop@1.0"), ("latest", "shop@2.0")])
async def test_resolved_in_a_named_release(box: Box, version: str, expected: str) -> None:
    """`latest` is resolved to the newest version when it is set."""
    release(box, "shop@1.0")
    box.clock.tick(10)
    release(box, "shop@2.0")
    issue = await born(box, "KeyError")
    reply = await update(box, issue, status="resolved", statusDetails={"inRelease": version})
    assert reply["statusDetails"]["inRelease"] == expected


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        ({"status": "solved"}, "status", '"solved" is not a valid choice.'),
        ({"priority": "urgent"}, "priority", '"urgent" is not a valid choice.'),
        ({"substatus": "sleeping"}, "substatus", '"sleeping" is not a valid choice.'),
        ({"hasSeen": "maybe"}, "hasSeen", "Must be a valid boolean."),
        ({"assignedTo": "user:999"}, "assignedTo", "user does not exist"),
        ({"assignedTo": "team:999"}, "assignedTo", "team does not exist"),
        ({"assignedTo": "nobody"}, "assignedTo", "Could not parse actor"),
        ({"assignedTo": "stranger"}, "assignedTo", "Cannot assign to non-team member"),
        ({"assignedTo": "gone"}, "assignedTo", "Cannot assign to a deactivated member"),
        ({"assignedTo": "team:{other}"}, "assignedTo", "Cannot assign to a team without access to the project"),
        ({"discard": True, "status": "resolved"}, "nonFieldErrors", "Other attributes cannot be updated"),
        ([1], "nonFieldErrors", "Invalid data"),
    ],
)
async def test_invalid_update_names_the_field_and_changes_nothing(box: Box, body: Any, field: str, text: str) -> None:
    """A refused update must say which field is at fault and leave the issue alone."""
    person(box, "stranger", in_team=False)
    gone = person(box, "gone")
    box.db.run("UPDATE users SET is_active = 0 WHERE id = ?", gone)
    other = make_team(box.db, ORGANIZATION, "other", "Other")
    if isinstance(body, dict):
        body = {
            name: str(value).format(other=other) if value == "team:{other}" else value for name, value in body.items()
        }
    issue = await born(box, "KeyError")
    before = await shown(box, issue)
    reply = await box.http.put(f"{ISSUES}{issue}/", body)
    assert reply.status == 400
    assert text in reply.data[field][0]
    after = await shown(box, issue)
    assert (before["status"], before["assignedTo"]) == (after["status"], after["assignedTo"])


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"ignoreWindow": 10081}, "ignoreWindow"),
        ({"ignoreCount": "many"}, "ignoreCount"),
        ({"ignoreCount": -1}, "ignoreCount"),
    ],
)  # fmt: skip
async def test_status_details_are_checked(box: Box, details: dict[str, Any], field: str) -> None:
    """Windows longer than a week and counts that are no counts are refused, nested as Sentry nests them."""
    issue = await born(box, "KeyError")
    reply = await box.http.put(f"{ISSUES}{issue}/", {"status": "ignored", "statusDetails": details})
    assert reply.status == 400
    assert field in reply.data["statusDetails"]


@pytest.mark.parametrize("form", ["{id}", "user:{id}", "ada", "ada@example.com"])
async def test_assigning_takes_every_form_of_a_user(box: Box, form: str) -> None:
    """Scripts write assignees in four ways."""
    ada = person(box, "ada")
    issue = await born(box, "KeyError")
    reply = await update(box, issue, assignedTo=form.format(id=ada))
    assert reply["assignedTo"] == {"type": "user", "id": str(ada), "name": "Ada", "email": "ada@example.com"}
    detail = await shown(box, issue)
    assert detail["activity"][0]["data"]["assigneeEmail"] == "ada@example.com"
    assert [someone["email"] for someone in detail["participants"]] == ["ada@example.com"]
    assert (await update(box, issue, assignedTo=""))["assignedTo"] is None
    assert kinds(await shown(box, issue))[0] == "unassigned"


async def test_assigning_to_a_team(box: Box) -> None:
    """A team of the project may own its issues, and search finds it by #slug."""
    issue = await born(box, "KeyError")
    team = box.db.value("SELECT id FROM teams WHERE slug = 'engineering'")
    reply = await update(box, issue, assignedTo=f"team:{team}")
    assert reply["assignedTo"] == {"type": "team", "id": str(team), "name": "engineering"}
    for query in ("assigned:#engineering", "assigned:my_teams", "is:assigned"):
        found = await box.http.get(ISSUES, query={"query": query})
        assert [item["id"] for item in found.data] == [str(issue)], query


async def test_personal_flags_are_the_writers_own(box: Box) -> None:
    """Seen, bookmarked and subscribed belong to whoever asks; others do not see them."""
    issue = await born(box, "KeyError")
    reply = await update(box, issue, hasSeen=True, isBookmarked=True, isSubscribed=True)
    assert (reply["hasSeen"], reply["isBookmarked"], reply["isSubscribed"]) == (True, True, True)
    store_token(box.db, "other", name="other", user_id=person(box, "ada"))
    others = await box.http.get(ISSUES, headers={"authorization": "Bearer other"})
    assert (others.data[0]["hasSeen"], others.data[0]["isBookmarked"]) == (False, False)
    bookmarked = await box.http.get(ISSUES, query={"query": "bookmarks:me"})
    assert [item["id"] for item in bookmarked.data] == [str(issue)]


async def test_priority_locks_and_is_written_down(box: Box) -> None:
    """A priority set by hand is no longer changed by the machine."""
    issue = await born(box, "KeyError", level="info")
    reply = await update(box, issue, priority="high")
    assert reply["priority"] == "high"
    assert reply["priorityLockedAt"] is not None
    assert kinds(await shown(box, issue))[0] == "set_priority"


async def test_sharing_and_reviewing(box: Box) -> None:
    """isPublic makes a share id and takes it back; inbox: false means reviewed."""
    issue = await born(box, "KeyError")
    shared = await update(box, issue, isPublic=True)
    assert len(shared["shareId"]) == 32
    assert (await update(box, issue, isPublic=False))["shareId"] is None
    await update(box, issue, inbox=False)
    assert (await box.http.get(ISSUES, query={"query": "is:for_review"})).data == []
    assert kinds(await shown(box, issue))[:3] == ["mark_reviewed", "set_private", "set_public"]


async def test_looking_at_an_issue_counts_as_seen(box: Box) -> None:
    """Sentry records a view when the detail is asked for: prefetching it has a side effect."""
    issue = await born(box, "KeyError")
    await shown(box, issue)
    detail = await shown(box, issue)
    assert detail["hasSeen"] is True
    assert [someone["email"] for someone in detail["seenBy"]] == ["owner@example.com"]


async def test_bulk_update_gives_only_what_was_set(box: Box) -> None:
    """The bulk reply is a delta, not issues."""
    first, second, third = [await born(box, name) for name in ("One", "Two", "Three")]
    reply = await box.http.put(f"{ISSUES}?id={first}&id={second}", {"status": "resolved"})
    assert reply.status == 200
    assert reply.data == {"status": "resolved", "statusDetails": {}, "substatus": None}
    left = await box.http.get(ISSUES)
    assert [item["id"] for item in left.data] == [str(third)]


async def test_bulk_ids_out_of_scope_fall_through_to_the_search(box: Box) -> None:
    """Sentry's hazard, copied on purpose: whoever builds a gateway must be able to prove protection against it."""
    issue = await born(box, "Innocent")
    outside = await born(box, "Outside", "shop-web")
    reply = await box.http.put(f"{ISSUES}?project=shop-api&id={outside}", {"status": "resolved"})
    assert reply.status == 200
    assert (await shown(box, outside))["status"] == "unresolved"
    assert (await shown(box, issue))["status"] == "resolved"


async def test_bulk_with_id_brackets_means_no_ids(box: Box) -> None:
    """`id[]` is ignored, so the mutation hits everything unresolved, as it does in Sentry."""
    first, second = await born(box, "One"), await born(box, "Two")
    await box.http.put(f"{ISSUES}?id[]={first}", {"status": "resolved"})
    assert (await shown(box, second))["status"] == "resolved"


async def test_bulk_without_a_match_is_204(box: Box) -> None:
    """No match is no error and has no body."""
    await born(box, "One")
    reply = await box.http.put(f"{ISSUES}?query=is:resolved", {"status": "unresolved"})
    assert (reply.status, reply.body) == (204, b"")


async def test_bulk_changes_at_most_a_thousand(box: Box) -> None:
    """An id-less mutation stops at 1000 issues."""
    project, _ = box.key()
    box.db.many(
        "INSERT INTO issues (project_id, short_number, title, level, substatus, first_seen, last_seen, times_seen)"
        " VALUES (?,?,'x','error','new',?,?,1)",
        [(project, number, box.clock.now, box.clock.now - number) for number in range(1, 1051)],
    )
    await box.http.put(ISSUES, {"status": "resolved"})
    assert box.db.value("SELECT count(*) FROM issues WHERE status = 'resolved'") == 1000


async def test_one_bad_project_fails_the_whole_bulk(box: Box) -> None:
    """Validation runs for every project: an assignee without access to one of them fails all."""
    ada = person(box, "ada", in_team=False)
    team = make_team(box.db, ORGANIZATION, "api", "API")
    project, _ = box.key()
    box.db.run("INSERT INTO project_teams (project_id, team_id) VALUES (?,?)", project, team)
    member = box.db.value("SELECT id FROM members WHERE user_id = ?", ada)
    box.db.run("INSERT INTO team_members (team_id, member_id) VALUES (?,?)", team, member)
    inside, outside = await born(box, "In"), await born(box, "Out", "shop-web")
    reply = await box.http.put(f"{ISSUES}?id={inside}&id={outside}", {"assignedTo": f"user:{ada}"})
    assert reply.status == 400
    assert (await shown(box, inside))["assignedTo"] is None


async def test_release_resolution_across_projects_is_refused(box: Box) -> None:
    """A release belongs to projects: one resolution cannot span several."""
    issues = await born(box, "In"), await born(box, "Out", "shop-web")
    url = f"{ISSUES}?id={issues[0]}&id={issues[1]}"
    reply = await box.http.put(url, {"status": "resolved", "statusDetails": {"inNextRelease": True}})
    assert (reply.status, reply.data) == (
        400,
        {"detail": "Cannot set resolved in next release for multiple projects."},
    )


async def test_merging_leaves_one_issue_that_answers_for_both(box: Box) -> None:
    """The merged id keeps working: it answers 200 with the survivor."""
    parent, child = await born(box, "Parent"), await born(box, "Child")
    await born(box, "Parent")
    reply = await box.http.put(f"{ISSUES}?id={parent}&id={child}", {"merge": 1})
    assert reply.data["merge"] == {"parent": str(parent), "children": [str(child)]}
    detail = await shown(box, child)
    assert (detail["id"], detail["count"]) == (str(parent), "3")
    assert [item["id"] for item in (await box.http.get(ISSUES)).data] == [str(parent)]
    assert await born(box, "Child") == parent


async def test_merging_across_projects_is_refused_with_200(box: Box) -> None:
    """Sentry reports this failure with a success status; clients have to read the body."""
    issues = await born(box, "In"), await born(box, "Out", "shop-web")
    reply = await box.http.put(f"{ISSUES}?id={issues[0]}&id={issues[1]}", {"merge": True})
    assert (reply.status, reply.data) == (200, {"detail": "Merging across multiple projects is not supported"})


async def test_deleting_hides_at_once_and_a_new_event_starts_over(box: Box) -> None:
    """Deletion is accepted, not done: yet nobody may see the issue again, and its error comes back as a new one."""
    issue = await born(box, "KeyError")
    reply = await box.http.delete(f"{ISSUES}{issue}/")
    assert (reply.status, reply.body) == (202, b"")
    assert (await box.http.get(f"{ISSUES}{issue}/")).status == 404
    assert (await box.http.get(ISSUES, query={"query": ""})).data == []
    assert await born(box, "KeyError") != issue


async def test_bulk_delete_of_ids_out_of_reach_deletes_nothing(box: Box) -> None:
    """A bulk delete answers 204 whatever it did; here it must have done nothing."""
    issue = await born(box, "KeyError")
    assert (await box.http.delete(f"{ISSUES}?id=999999")).status == 204
    assert (await shown(box, issue))["id"] == str(issue)
    assert (await box.http.delete(f"{ISSUES}?id={issue}")).status == 204
    assert (await box.http.get(f"{ISSUES}{issue}/")).status == 404


async def test_scopes_guard_reading_writing_and_deleting(box: Box) -> None:
    """A token does what its scopes say, nothing more."""
    issue = await born(box, "KeyError")
    store_token(box.db, "reader", name="reader", scopes=("event:read",))
    store_token(box.db, "writer", name="writer", scopes=("event:write",))
    reader, writer = {"authorization": "Bearer reader"}, {"authorization": "Bearer writer"}
    assert (await box.http.get(f"{ISSUES}{issue}/", headers=reader)).status == 200
    assert (await box.http.put(f"{ISSUES}{issue}/", {"status": "resolved"}, headers=reader)).status == 403
    assert (await box.http.put(f"{ISSUES}{issue}/", {"status": "resolved"}, headers=writer)).status == 200
    assert (await box.http.delete(f"{ISSUES}{issue}/", headers=writer)).status == 403


async def test_address_without_organization_works(box: Box) -> None:
    """Older clients leave the organization out."""
    issue = await born(box, "KeyError")
    assert (await box.http.put(f"/api/0/issues/{issue}/", {"status": "resolved"})).data["status"] == "resolved"
    assert (await box.http.get(f"/api/0/issues/{issue}/")).data["id"] == str(issue)


async def test_short_id_names_an_issue(box: Box) -> None:
    """The detail's address takes a short id, and the lookup says which project it is in."""
    issue = await born(box, "KeyError")
    assert (await shown(box, "shop-api-1"))["id"] == str(issue)  # type: ignore[arg-type]
    found = (await box.http.get("/api/0/organizations/acme/shortids/SHOP-API-1/")).data
    assert (found["groupId"], found["projectSlug"]) == (str(issue), "shop-api")


class TestLaggingIndex:
    """With an index that lags, the issue itself tells the truth at once and search a moment later."""

    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(owner_token="sntryu_owner", index_lag_s=2.0)

    async def test_search_follows_a_write_after_the_lag(self, box: Box) -> None:
        """A gateway that stores the list at once would serve it wrong for minutes."""
        issue = await born(box, "KeyError")
        box.clock.tick(3)
        await update(box, issue, status="resolved")
        assert (await shown(box, issue))["status"] == "resolved"
        for query, before in (("is:unresolved", 1), ("is:resolved", 0)):
            assert len((await box.http.get(ISSUES, query={"query": query})).data) == before
        box.clock.tick(2)
        for query, after in (("is:unresolved", 0), ("is:resolved", 1)):
            assert len((await box.http.get(ISSUES, query={"query": query})).data) == after

    async def test_new_issue_appears_after_the_lag(self, box: Box) -> None:
        """A new issue answers under its id before any search finds it."""
        issue = await born(box, "KeyError")
        assert (await shown(box, issue))["id"] == str(issue)
        assert (await box.http.get(ISSUES)).data == []
        box.clock.tick(2)
        assert len((await box.http.get(ISSUES)).data) == 1


async def test_unmerging_gives_a_hash_its_issue_back(box: Box) -> None:
    """A wrong merge can be undone: events, counts, tags and users part again."""
    parent = await born(box, "Parent", user={"id": "1"}, tags={"color": "red"})
    child = await born(box, "Child", user={"id": "2"}, tags={"color": "blue"}, environment="staging")
    await born(box, "Parent", user={"id": "1"}, tags={"color": "red"})
    await born(box, "Child", user={"id": "1"}, tags={"color": "red"})
    await born(box, "Parent", user={"id": "1"}, tags={"color": "red"})
    await box.http.put(f"{ISSUES}?id={parent}&id={child}", {"merge": True})
    hashes = (await box.http.get(f"{ISSUES}{parent}/hashes/")).data
    wanted = next(item["id"] for item in hashes if item["latestEvent"]["title"].startswith("Child"))
    assert (await box.http.put(f"{ISSUES}{parent}/hashes/?id={wanted}")).status == 202
    found = {item["title"]: item for item in (await box.http.get(ISSUES)).data}
    old, new = found["Parent: Parent happened"], found["Child: Child happened"]
    assert (old["id"], old["count"], old["userCount"]) == (str(parent), "3", 1)
    assert (new["count"], new["userCount"]) == ("2", 2)
    colors = (await box.http.get(f"{ISSUES}{new['id']}/tags/color/")).data["topValues"]
    assert {(value["value"], value["count"]) for value in colors} == {("blue", 1), ("red", 1)}
    assert [v["value"] for v in (await box.http.get(f"{ISSUES}{parent}/tags/color/")).data["topValues"]] == ["red"]
    assert str(await born(box, "Child")) == new["id"]


async def test_unmerging_the_only_hash_changes_nothing(box: Box) -> None:
    """An issue cannot part from itself."""
    issue = await born(box, "Parent")
    [only] = (await box.http.get(f"{ISSUES}{issue}/hashes/")).data
    assert (await box.http.put(f"{ISSUES}{issue}/hashes/?id={only['id']}")).status == 202
    assert [item["id"] for item in (await box.http.get(ISSUES)).data] == [str(issue)]
