"""Environments appear with events and can be hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

OF_ORG = "/api/0/organizations/acme/environments/"
OF_SHOP = "/api/0/projects/acme/shop-api/environments/"


@pytest.fixture
async def two(box: Box) -> Box:
    """A project with events from two environments."""
    for name in ("production", "staging"):
        await box.send({"message": "boom", "environment": name})
    return box


async def names(box: Box, url: str) -> list[str]:
    return [entry["name"] for entry in (await box.http.get(url)).data]


async def test_an_event_brings_its_environment(two: Box) -> None:
    """The picker fills itself."""
    assert await names(two, OF_ORG) == ["production", "staging"]
    assert await names(two, OF_SHOP) == ["production", "staging"]
    assert await names(two, "/api/0/projects/acme/shop-web/environments/") == []


async def test_a_hidden_environment_is_shown_only_when_asked_for(two: Box) -> None:
    """Hiding is per project and can be undone."""
    assert (await two.http.put(f"{OF_SHOP}staging/", {"isHidden": True})).data["isHidden"] is True
    assert await names(two, OF_SHOP) == ["production"]
    assert await names(two, OF_ORG) == ["production"]
    assert await names(two, f"{OF_SHOP}?visibility=hidden") == ["staging"]
    assert await names(two, f"{OF_SHOP}?visibility=all") == ["production", "staging"]
    shown = await two.http.put(OF_SHOP, {"environmentNames": ["staging", "production"], "isHidden": False})
    assert [entry["isHidden"] for entry in shown.data] == [False, False]


async def test_wrong_questions_are_refused(two: Box) -> None:
    """An unknown visibility is the caller's mistake, an unknown environment is not there."""
    assert (await two.http.get(f"{OF_SHOP}?visibility=some")).status == 400
    assert (await two.http.get(f"{OF_SHOP}nope/")).status == 404
    assert (await two.http.put(OF_SHOP, {"environmentNames": ["nope"], "isHidden": True})).status == 404
    assert (await two.http.put(f"{OF_SHOP}staging/", {})).data == {"isHidden": ["This field is required."]}
