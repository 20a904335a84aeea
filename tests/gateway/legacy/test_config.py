"""`/config`, as older front ends read and write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.gateway.legacy.conftest import Client


async def test_what_is_chosen_is_given_back_and_stays(client: Client) -> None:
    assert (await client.get("/api/v1/config")).json() == {"organization_slug": "acme", "project_slug": None}
    chosen = {"organization_slug": "acme", "project_slug": client.project}
    answered = await client.send("PUT", "/api/v1/config", {"project_slug": client.project})
    assert answered.json() == chosen
    assert (await client.get("/api/v1/config")).json() == chosen
    assert answered.headers["deprecation"]


async def test_a_project_that_does_not_exist_is_refused(client: Client) -> None:
    """It was taken unchecked, and every list after it was empty."""
    answered = await client.send("PUT", "/api/v1/config", {"project_slug": "no-such-project"})
    assert answered.status == 422
    assert "no-such-project" in answered.json()["detail"]


async def test_an_unknown_name_is_refused(client: Client) -> None:
    assert (await client.send("PUT", "/api/v1/config", {"project": "x"})).status == 422
