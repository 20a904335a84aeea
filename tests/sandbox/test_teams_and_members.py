"""Teams and members: who is in, who leaves, who must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dexter.sandbox.founding import make_member

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

TEAMS = "/api/0/organizations/acme/teams/"
TEAM = "/api/0/teams/acme/engineering/"
MEMBERS = "/api/0/organizations/acme/members/"


@pytest.fixture
def ada(box: Box) -> str:
    """A second member with an account; gives the membership's id."""
    user = box.db.insert(
        "INSERT INTO users (username, email, name, date_joined) VALUES ('ada', 'ada@example.com', 'Ada', 1)"
    )
    return str(make_member(box.db, 1, user, "ada@example.com", "member"))


async def test_who_makes_a_team_is_in_it(box: Box) -> None:
    """A new team is never empty of its maker."""
    made = await box.http.post(TEAMS, {"name": "Pay Ments"})
    assert made.status == 201
    assert (made.data["slug"], made.data["isMember"], made.data["memberCount"]) == ("pay-ments", True, 1)
    assert {team["slug"] for team in (await box.http.get(TEAMS)).data} == {"engineering", "pay-ments"}
    assert {team["slug"] for team in (await box.http.get("/api/0/organizations/acme/user-teams/")).data} >= {
        "pay-ments"
    }


@pytest.mark.parametrize(("body", "status"), [({}, 400), ({"slug": "engineering"}, 409), ({"slug": "Not A Slug"}, 400)])
async def test_a_team_that_cannot_be_made(box: Box, body: dict[str, Any], status: int) -> None:
    """A conflict is told apart from a mistake."""
    assert (await box.http.post(TEAMS, body)).status == status


async def test_a_team_is_renamed_and_found_under_its_new_slug(box: Box) -> None:
    """The id stays."""
    before = (await box.http.get(TEAM)).data
    changed = (await box.http.put(TEAM, {"slug": "eng", "name": "Eng"})).data
    assert (changed["id"], changed["slug"], changed["name"]) == (before["id"], "eng", "Eng")
    assert (await box.http.get(TEAM)).status == 404
    assert (await box.http.get(f"/api/0/teams/acme/{before['id']}/")).data["slug"] == "eng"


async def test_a_team_shows_what_is_asked_for(box: Box) -> None:
    """`expand` and `collapse` have defaults of their own."""
    assert "organization" in (await box.http.get(TEAM)).data
    assert "organization" not in (await box.http.get(f"{TEAM}?collapse=organization")).data
    assert (await box.http.get(f"{TEAM}?expand=projects")).data["projects"]
    assert "projects" not in (await box.http.get(f"{TEAMS}?detailed=0")).data[0]


async def test_a_deleted_team_leaves_no_assignment(box: Box) -> None:
    """An issue assigned to nobody known would break its page."""
    await box.send({"message": "boom"})
    team = box.db.value("SELECT id FROM teams WHERE slug = 'engineering'")
    box.db.run("UPDATE issues SET assigned_team_id = ?", team)
    assert (await box.http.delete(TEAM)).status == 204
    assert box.db.value("SELECT assigned_team_id FROM issues") is None
    assert (await box.http.get("/api/0/projects/acme/shop-api/teams/")).data == []


async def test_joining_twice_changes_nothing(box: Box, ada: str) -> None:
    """201 the first time, 204 after."""
    place = f"{MEMBERS}{ada}/teams/engineering/"
    assert [(await box.http.post(place)).status for _ in range(2)] == [201, 204]
    assert {entry["email"] for entry in (await box.http.get(f"{TEAM}members/")).data} >= {"ada@example.com"}
    assert (await box.http.put(place, {"teamRole": "admin"})).data == {"isActive": True, "teamRole": "admin"}
    assert (await box.http.delete(place)).status == 200
    assert (await box.http.delete(place)).status == 404


async def test_an_invitation_is_pending_and_unique(box: Box) -> None:
    """The same address cannot be invited twice."""
    body = {"email": "new@example.com", "orgRole": "manager", "teamRoles": [{"teamSlug": "engineering"}]}
    made = await box.http.post(MEMBERS, body)
    assert made.status == 201
    assert (made.data["pending"], made.data["user"], made.data["orgRole"]) == (True, None, "manager")
    detail = (await box.http.get(f"{MEMBERS}{made.data['id']}/")).data
    assert detail["teamRoles"] == [{"teamSlug": "engineering", "role": None}]
    again = await box.http.post(MEMBERS, {"email": "NEW@example.com"})
    assert again.status == 400
    assert "already a member" in again.data["email"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.com", "orgRole": "king"}, "orgRole"),
        ({"email": "a@example.com", "teamRoles": [{"teamSlug": "nope"}]}, "teamRoles"),
    ],
)
async def test_an_invitation_that_cannot_be_sent_says_why(box: Box, body: dict[str, Any], field: str) -> None:
    """And leaves nothing behind."""
    reply = await box.http.post(MEMBERS, body)
    assert reply.status == 400
    assert field in reply.data
    assert len((await box.http.get(MEMBERS)).data) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [("ada", ["ada@example.com"]), ("role:owner", ["owner@example.com"]), ("isInvited:true", []), ("nobody", [])],
)
async def test_members_are_searched(box: Box, ada: str, query: str, expected: list[str]) -> None:
    """The assignee picker searches on the server."""
    found = (await box.http.get(MEMBERS, query={"query": query})).data
    assert [entry["email"] for entry in found] == expected


async def test_the_last_owner_stays(box: Box, ada: str) -> None:
    """An organization without an owner cannot be helped."""
    me = (await box.http.get(f"{MEMBERS}me/")).data
    assert me["isOnlyOwner"] is True
    assert (await box.http.delete(f"{MEMBERS}me/")).status == 403
    assert (await box.http.put(f"{MEMBERS}me/", {"orgRole": "member"})).status == 403
    assert (await box.http.put(f"{MEMBERS}{ada}/", {"orgRole": "owner"})).data["orgRole"] == "owner"
    assert (await box.http.delete(f"{MEMBERS}me/")).status == 204


async def test_removing_another_needs_the_right(box: Box, ada: str) -> None:
    """Reading rights remove nobody but oneself."""
    box.db.run("UPDATE tokens SET scopes_json = '[\"member:read\"]'")
    assert (await box.http.delete(f"{MEMBERS}{ada}/")).status == 403


async def test_users_are_listed_with_their_projects(box: Box, ada: str) -> None:
    """The unpaginated list that assignee pickers load."""
    users = {user["email"]: user["projects"] for user in (await box.http.get("/api/0/organizations/acme/users/")).data}
    assert "shop-api" in users["owner@example.com"]
    assert users["ada@example.com"] == []
    project, _ = box.key()
    narrowed = (await box.http.get(f"/api/0/organizations/acme/users/?project={project}")).data
    assert [user["email"] for user in narrowed] == ["owner@example.com"]
    assert [m["email"] for m in (await box.http.get("/api/0/projects/acme/shop-api/members/")).data] == [
        "owner@example.com"
    ]
