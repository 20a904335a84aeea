"""Organizations, users and the probe at `/api/0/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

ACME = "/api/0/organizations/acme/"


async def test_the_index_tells_who_asks(box: Box) -> None:
    """Clients check a credential here."""
    known = (await box.http.get("/api/0/")).data
    assert known["version"] == "0"
    assert "event:read" in known["auth"]["scopes"]
    assert known["user"]["email"] == "owner@example.com"
    stranger = await box.http.get("/api/0/", headers={"authorization": ""})
    assert stranger.data == {"version": "0", "auth": None, "user": None}
    assert (await box.http.get("/api/0/", headers={"authorization": "Bearer wrong"})).status == 401


async def test_me_is_the_owner_of_the_token(box: Box) -> None:
    """Assigning to `me` begins with this."""
    me = (await box.http.get("/api/0/users/me/")).data
    assert me["email"] == "owner@example.com"
    assert (await box.http.get(f"/api/0/users/{me['id']}/")).data["id"] == me["id"]
    assert (await box.http.get("/api/0/users/999/")).status == 403


async def test_the_region_is_the_sandbox_itself(box: Box) -> None:
    """Clients move to a region's address: it must lead back here."""
    regions = (await box.http.get("/api/0/users/me/regions/")).data["regions"]
    assert [region["url"] for region in regions] == ["http://sentry.test"]
    assert (await box.http.get(ACME)).data["links"]["regionUrl"] == "http://sentry.test"


async def test_client_config_says_self_hosted(box: Box) -> None:
    """The dialect is probed here, without a token."""
    config = (await box.http.get("/api/client-config/", headers={"authorization": ""})).data
    assert config["isSelfHosted"] is True
    assert config["version"]["current"]


async def test_a_user_sees_only_its_organizations(box: Box) -> None:
    """Membership is what the list is made of."""
    box.db.run("INSERT INTO organizations (slug, name, date_created) VALUES ('other', 'Other', 1)")
    assert [found["slug"] for found in (await box.http.get("/api/0/organizations/")).data] == ["acme"]
    assert (await box.http.get("/api/0/organizations/other/")).status == 403


async def test_owned_organizations_name_the_single_owner(box: Box) -> None:
    """`owner=1` has a form of its own."""
    owned = (await box.http.get("/api/0/organizations/?owner=1")).data
    assert [(entry["organization"]["slug"], entry["singleOwner"]) for entry in owned] == [("acme", True)]


async def test_the_detail_carries_teams_and_projects_unless_told_not_to(box: Box) -> None:
    """Large organizations ask for `detailed=0`."""
    whole = (await box.http.get(ACME)).data
    assert {team["slug"] for team in whole["teams"]} == {"engineering"}
    assert "shop-api" in {project["slug"] for project in whole["projects"]}
    assert whole["orgRole"] == "owner"
    assert "org:read" in whole["access"]
    assert "projects" not in (await box.http.get(f"{ACME}?detailed=0")).data


async def test_an_organization_remembers_its_settings(box: Box) -> None:
    """An update must be there on the next read."""
    changed = await box.http.put(ACME, {"name": "Acme Inc", "openMembership": False})
    assert (changed.data["name"], changed.data["openMembership"]) == ("Acme Inc", False)
    assert (await box.http.get(ACME)).data["openMembership"] is False
    renamed = await box.http.put(ACME, {"slug": "acme-inc"})
    assert renamed.data["slug"] == "acme-inc"
    assert (await box.http.get("/api/0/organizations/acme-inc/")).status == 200


async def test_a_wrong_setting_is_named(box: Box) -> None:
    """A field dict, as forms expect it."""
    reply = await box.http.put(ACME, {"openMembership": "perhaps", "defaultRole": "king"})
    assert reply.status == 400
    assert set(reply.data) == {"openMembership", "defaultRole"}
    assert (await box.http.put(ACME, {"slug": "123"})).data["slug"][0].startswith("Enter a valid slug")
