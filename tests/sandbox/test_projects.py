"""Projects: made, changed, renamed, deleted; their keys and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

LIST = "/api/0/organizations/acme/projects/"
SHOP = "/api/0/projects/acme/shop-api/"
KEYS = f"{SHOP}keys/"


async def slugs(box: Box, query: str = "") -> list[str]:
    return [project["slug"] for project in (await box.http.get(f"{LIST}{query}")).data]


async def test_a_new_project_is_listed_and_has_a_key(box: Box) -> None:
    """An SDK can send at once."""
    made = await box.http.post("/api/0/teams/acme/engineering/projects/", {"name": "Check Out", "platform": "python"})
    assert made.status == 201
    assert (made.data["slug"], made.data["platform"]) == ("check-out", "python")
    assert [team["slug"] for team in made.data["teams"]] == ["engineering"]
    assert "check-out" in await slugs(box)
    keys = (await box.http.get("/api/0/projects/acme/check-out/keys/")).data
    assert [key["label"] for key in keys] == ["Default"]
    assert (await box.send({"message": "first"}, "check-out")).status == 200


async def test_a_chosen_slug_must_be_free_and_a_derived_one_becomes_free(box: Box) -> None:
    """A collision is the caller's to solve only when the caller chose."""
    assert (await box.http.post(LIST, {"name": "Mine", "slug": "shop-api"})).status == 409
    assert (await box.http.post(LIST, {"name": "Shop API"})).data["slug"] == "shop-api-2"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "slug": "UPPER"}, "slug"),
        ({"name": 1.5, "default_rules": 3}, "default_rules"),
    ],
)
async def test_a_project_that_cannot_be_made_says_why(box: Box, body: dict[str, Any], field: str) -> None:
    """The field dict is what Terraform prints."""
    reply = await box.http.post(LIST, body)
    assert reply.status == 400
    assert field in reply.data


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?query=API", ["shop-api"]),
        ("?query=slug:shop-api", ["shop-api"]),
        ("?query=nothing", []),
        ("?query=platform:python", ["shop-api"]),
    ],
)
async def test_projects_are_searched_by_name_and_key(box: Box, query: str, expected: list[str]) -> None:
    """The project picker searches on the server."""
    assert await slugs(box, query) == expected


async def test_projects_come_in_pages(box: Box) -> None:
    """The Link header leads through all of them and ends."""
    first = await box.http.get(f"{LIST}?per_page=1")
    assert 'rel="next"; results="true"; cursor="0:1:0"' in first.headers["link"]
    last = await box.http.get(f"{LIST}?per_page=1&cursor=0:1:0")
    assert 'rel="next"; results="false"' in last.headers["link"]
    assert first.data[0]["slug"] < last.data[0]["slug"]


async def test_a_renamed_project_moves_and_the_old_address_says_where(box: Box) -> None:
    """A client that follows must end at the new slug; the body names it too."""
    assert (await box.http.put(SHOP, {"slug": "store-api"})).data["slug"] == "store-api"
    moved = await box.http.get(SHOP)
    assert moved.status == 302
    assert moved.headers["location"].endswith("/api/0/projects/acme/store-api/")
    assert moved.data["slug"] == "store-api"
    assert moved.data["detail"]["code"] == "resource-moved"
    assert (await box.http.get("/api/0/projects/acme/store-api/")).status == 200


async def test_a_new_project_takes_over_an_abandoned_slug(box: Box) -> None:
    """An old redirect must not hide a living project."""
    await box.http.put(SHOP, {"slug": "store-api"})
    assert (await box.http.post(LIST, {"name": "Shop", "slug": "shop-api"})).status == 201
    assert (await box.http.get(SHOP)).status == 200


async def test_a_rename_onto_another_project_is_refused(box: Box) -> None:
    """The message names who has the slug."""
    await box.http.post(LIST, {"name": "Taken"})
    reply = await box.http.put(SHOP, {"slug": "taken"})
    assert reply.status == 400
    assert "Taken" in reply.data["slug"][0]


async def test_settings_and_bookmarks_are_kept(box: Box) -> None:
    """An update must be there on the next read."""
    await box.http.put(SHOP, {"resolveAge": 720, "subjectPrefix": "[shop] ", "isBookmarked": True})
    shown = (await box.http.get(SHOP)).data
    assert (shown["resolveAge"], shown["subjectPrefix"], shown["isBookmarked"]) == (720, "[shop] ", True)
    await box.http.put(SHOP, {"isBookmarked": False})
    assert (await box.http.get(SHOP)).data["isBookmarked"] is False


async def test_reading_rights_allow_a_bookmark_and_no_more(box: Box) -> None:
    """The scope list of the operation is wider than what it lets a reader do."""
    box.db.run("UPDATE tokens SET scopes_json = '[\"project:read\"]'")
    assert (await box.http.put(SHOP, {"isBookmarked": True})).status == 200
    assert (await box.http.put(SHOP, {"name": "Mine"})).status == 403


async def test_a_deleted_project_takes_its_issues_along(box: Box) -> None:
    """Nothing of it may be left in a list."""
    await box.send({"message": "boom"})
    assert (await box.http.delete(SHOP)).status == 204
    assert (await box.http.get(SHOP)).status == 404
    assert "shop-api" not in await slugs(box)
    assert box.db.value("SELECT count(*) FROM issues") == 0
    assert box.db.value("SELECT count(*) FROM events") == 0


async def test_a_switched_off_key_is_refused_at_the_door(box: Box) -> None:
    """Keys are how floods are stopped."""
    _, key = box.key()
    assert (await box.http.put(f"{KEYS}{key}/", {"isActive": False})).data["isActive"] is False
    assert (await box.send({"message": "late"})).status in (401, 403)
    assert [entry["id"] for entry in (await box.http.get(f"{KEYS}?status=inactive")).data] == [key]
    assert (await box.http.get(f"{KEYS}?status=active")).data == []


async def test_a_key_carries_addresses_that_work(box: Box) -> None:
    """The DSN in the answer is the one that an SDK is given."""
    made = await box.http.post(KEYS, {"name": "Second", "rateLimit": {"count": 10, "window": 60}})
    assert made.status == 201
    key = made.data
    project, _ = box.key()
    assert key["dsn"]["public"] == f"http://{key['public']}@sentry.test/{project}"
    assert key["rateLimit"] == {"count": 10, "window": 60}
    sent = await box.http.post(f"/api/{project}/store/?sentry_key={key['public']}&sentry_version=7", {"message": "x"})
    assert sent.status == 200
    everywhere = (await box.http.get("/api/0/organizations/acme/project-keys/")).data
    assert key["id"] in {entry["id"] for entry in everywhere}


async def test_a_key_is_renamed_limited_and_deleted(box: Box) -> None:
    """A limit of nothing lifts it."""
    key = (await box.http.post(KEYS, {"name": "Second", "rateLimit": {"count": 10, "window": 60}})).data["id"]
    changed = (await box.http.put(f"{KEYS}{key}/", {"name": "Third", "rateLimit": {"count": 0, "window": 0}})).data
    assert (changed["label"], changed["rateLimit"]) == ("Third", None)
    assert (await box.http.put(f"{KEYS}{key}/", {"browserSdkVersion": "0.1"})).status == 400
    assert (await box.http.delete(f"{KEYS}{key}/")).status == 204
    assert (await box.http.get(f"{KEYS}{key}/")).status == 404


async def test_teams_are_given_access_and_lose_it(box: Box) -> None:
    """Ownership in the issue stream comes from here."""
    await box.http.post("/api/0/organizations/acme/teams/", {"slug": "payments"})
    added = await box.http.post(f"{SHOP}teams/payments/")
    assert added.status == 201
    assert {team["slug"] for team in added.data["teams"]} == {"engineering", "payments"}
    assert len((await box.http.get(f"{SHOP}teams/")).data) == 2
    assert [team["slug"] for team in (await box.http.delete(f"{SHOP}teams/payments/")).data["teams"]] == ["engineering"]
