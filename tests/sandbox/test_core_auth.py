"""Tokens and the addresses they open: Sentry's 401, 403 and 404, told apart."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.sandbox.auth import store_token

ISSUES = "/api/0/organizations/acme/issues/"


@pytest.mark.parametrize(
    ("authorization", "detail"),
    [
        ("", "Authentication credentials were not provided."),
        ("Basic abc", "Authentication credentials were not provided."),
        ("Bearer ", "Authentication credentials were not provided."),
        ("Bearer nonsense", "Invalid token"),
    ],
)
async def test_without_a_valid_token_nobody_enters(box: Any, authorization: str, detail: str) -> None:
    """Clients tell a missing credential from a wrong one by the text."""
    reply = await box.http.get(ISSUES, headers={"authorization": authorization})
    assert (reply.status, reply.data) == (401, {"detail": detail})
    assert reply.headers["www-authenticate"].startswith("xBasic realm=")


async def test_a_token_without_the_scope_is_refused(box: Any) -> None:
    """The scopes come from the catalog: a token that may only build releases reads no issues."""
    store_token(box.db, "sntryu_ci", name="ci", scopes=("org:ci",))
    reply = await box.http.get(ISSUES, headers={"authorization": "Bearer sntryu_ci"})
    assert (reply.status, reply.data["detail"]) == (403, "You do not have permission to perform this action.")


async def test_any_one_of_the_scopes_is_enough(box: Any) -> None:
    """Sentry asks for one of several scopes, never for all."""
    store_token(box.db, "sntryu_reader", name="reader", scopes=("event:read",))
    reply = await box.http.get(ISSUES, headers={"authorization": "Bearer sntryu_reader"})
    assert reply.status == 200


async def test_an_inactive_users_token_is_dead(box: Any) -> None:
    """Who left the company keeps no way in."""
    box.db.run("UPDATE users SET is_active = 0")
    reply = await box.http.get(ISSUES)
    assert (reply.status, reply.data) == (401, {"detail": "User inactive or deleted"})


async def test_an_unknown_organization_is_not_found(box: Any) -> None:
    """The body is the one that every missing resource has."""
    reply = await box.http.get("/api/0/organizations/nobody/issues/")
    assert (reply.status, reply.data) == (404, {"detail": "The requested resource does not exist"})


async def test_an_organization_answers_to_its_id(box: Any) -> None:
    """Addresses take a slug or an id."""
    number = box.db.value("SELECT id FROM organizations")
    assert (await box.http.get(f"/api/0/organizations/{number}/issues/")).status == 200


async def test_a_stranger_to_the_organization_is_refused(box: Any) -> None:
    """A user's token opens only organizations that the user is a member of."""
    user = box.db.insert("INSERT INTO users (username, email, name, date_joined) VALUES ('eve', 'e@x', 'Eve', 0)")
    store_token(box.db, "sntryu_eve", name="eve", user_id=user)
    assert (await box.http.get(ISSUES, headers={"authorization": "Bearer sntryu_eve"})).status == 403


async def test_a_renamed_project_says_where_it_went(box: Any) -> None:
    """Sentry answers 302 with the new slug, which a client must not follow blindly on writes."""
    project = box.db.one("SELECT * FROM projects WHERE slug = 'shop-api'")
    box.db.run("INSERT INTO project_slugs_moved VALUES (?, 'old-api', ?)", project["organization_id"], project["id"])
    reply = await box.http.get("/api/0/projects/acme/old-api/?full=1")
    assert (reply.status, reply.data["slug"]) == (302, "shop-api")
    assert reply.headers["location"] == "/api/0/projects/acme/shop-api/?full=1"
    assert reply.data["detail"]["code"] == "resource-moved"


async def test_tokens_are_kept_as_hashes_only(box: Any) -> None:
    """Whoever copies the database file gets no token."""
    stored = [tuple(row) for row in box.db.all("SELECT * FROM tokens")]
    assert stored
    assert "sntryu_owner" not in repr(stored)
