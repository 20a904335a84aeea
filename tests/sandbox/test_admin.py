"""The admin surface hands out what a test needs, and only to this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dexter.sandbox.admin import is_loopback

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

ORGANIZATION = "/api/0/organizations/acme/"
KEY = "GET /api/0/organizations/{organization_id_or_slug}/"


@pytest.fixture
def local(box: Box) -> Box:
    """The same sandbox, called by its address as a person at this machine does."""
    return replace(box, http=replace(box.http, host="127.0.0.1:9000"))


async def test_a_dsn_is_handed_out_by_project(local: Box) -> None:
    """The first thing that anyone who tries the sandbox needs."""
    project, key = local.key("shop-api")
    reply = await local.http.get("/_sandbox/dsn?project=shop-api")
    assert reply.data == {"dsn": f"http://{key}@127.0.0.1:9000/{project}"}


async def test_an_unknown_project_is_answered_with_the_known_ones(local: Box) -> None:
    """A misspelt slug should not need a second question."""
    reply = await local.http.get("/_sandbox/dsn?project=shopapi")
    assert reply.status == 404
    assert "shop-api" in reply.data["detail"]


async def test_the_owner_token_opens_the_api(local: Box) -> None:
    """The token must be the real one, not a copy of an option."""
    token = (await local.http.get("/_sandbox/token")).data["token"]
    reply = await local.http.get(ORGANIZATION, headers={"authorization": f"Bearer {token}"})
    assert reply.status == 200


async def test_a_token_carries_only_the_scopes_it_was_made_with(local: Box) -> None:
    """Rights are what the gateway's isolation is proven with."""
    made = await local.http.post("/_sandbox/tokens", {"scopes": ["project:read"]})
    assert made.status == 201
    bearer = {"authorization": f"Bearer {made.data['token']}"}
    assert (await local.http.get(ORGANIZATION, headers=bearer)).status == 403
    assert (await local.http.get("/api/0/projects/acme/shop-api/", headers=bearer)).status == 200


async def test_a_token_reaches_only_the_projects_it_was_made_for(local: Box) -> None:
    """Two tokens with different projects are how a leak between them shows."""
    made = await local.http.post("/_sandbox/tokens", {"projects": ["shop-web"]})
    bearer = {"authorization": f"Bearer {made.data['token']}"}
    assert (await local.http.get("/api/0/projects/acme/shop-web/", headers=bearer)).status == 200
    assert (await local.http.get("/api/0/projects/acme/shop-api/", headers=bearer)).status == 403
    listed = await local.http.get(f"{ORGANIZATION}projects/", headers=bearer)
    assert [project["slug"] for project in listed.data] == ["shop-web"]


async def test_a_revoked_token_is_refused_at_once(local: Box) -> None:
    """The gateway must notice a revocation; this makes one."""
    token = (await local.http.post("/_sandbox/tokens", {})).data["token"]
    revoked = await local.http.request("DELETE", "/_sandbox/tokens", data={"token": token})
    assert revoked.status == 204
    assert (await local.http.get(ORGANIZATION, headers={"authorization": f"Bearer {token}"})).status == 401
    assert (await local.http.request("DELETE", "/_sandbox/tokens", data={"token": token})).status == 404


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"scopes": ["root"]}, "scopes"),
        ({"projects": ["nope"]}, "projects"),
        ({"user": "nobody"}, "user"),
        ({"x": 1}, "x"),
    ],
)
async def test_a_token_that_cannot_be_made_says_why(local: Box, body: dict[str, Any], complaint: str) -> None:
    """A token with fewer rights than asked for would fail a test elsewhere."""
    reply = await local.http.post("/_sandbox/tokens", body)
    assert reply.status == 400
    assert reply.data["detail"].startswith(f"{complaint}:")


async def test_calls_are_counted_by_operation_until_reset(local: Box) -> None:
    """How often the upstream was asked is what caching and coalescing are proven with."""
    for _ in range(3):
        await local.http.get(f"{ORGANIZATION}?detailed=0")
    await local.http.get("/api/0/organizations/nope/")
    await local.http.get("/api/0/nowhere/")
    told = (await local.http.get("/_sandbox/calls")).data
    assert told["total"] == 5
    assert told["operations"] == {KEY: 4, "*": 1}
    first = told["recent"][0]
    assert (first["method"], first["path"], first["query"], first["status"]) == ("GET", ORGANIZATION, "detailed=0", 200)
    assert [call["status"] for call in told["recent"]] == [200, 200, 200, 404, 404]
    assert (await local.http.delete("/_sandbox/calls")).status == 204
    assert (await local.http.get("/_sandbox/calls")).data["total"] == 0


async def test_the_recent_calls_are_bounded(local: Box) -> None:
    """A load test must not fill the memory of what it measures."""
    for _ in range(210):
        await local.http.get("/api/0/")
    told = (await local.http.get("/_sandbox/calls")).data
    assert (told["total"], len(told["recent"])) == (210, 200)


async def test_the_index_lag_can_be_set_while_running(local: Box) -> None:
    """The gateway's rule about lagging lists is proven by turning the lag on."""
    assert (await local.http.put("/_sandbox/settings", {"index_lag_s": 2})).data["index_lag_s"] == 2.0
    assert local.sandbox.options.index_lag_s == 2.0
    assert (await local.http.put("/_sandbox/settings", {"index_lag_s": "2s"})).status == 400


async def test_the_clock_can_be_put_forward(local: Box) -> None:
    """A snooze of a week must be provable in a second."""
    before = (await local.http.get("/_sandbox/clock")).data
    assert (before["epoch_s"], before["ahead_s"]) == (local.clock.now, 0.0)
    await local.http.put("/_sandbox/clock", {"forward_s": 3600})
    after = (await local.http.put("/_sandbox/clock", {"forward_s": 60})).data
    assert after["ahead_s"] == 3660.0
    assert local.db.now() == local.clock.now + 3660
    assert (await local.http.put("/_sandbox/clock", {"ahead_s": 0})).data["ahead_s"] == 0.0
    assert (await local.http.put("/_sandbox/clock", {"ahead_s": "1h"})).status == 400


@pytest.mark.parametrize(
    ("peer", "host", "origin"),
    [
        ("192.0.2.7", "127.0.0.1:9000", ""),
        ("127.0.0.1", "rebound.example", ""),
        ("127.0.0.1", "127.0.0.1:9000", "https://rebound.example"),
    ],
)
async def test_strangers_and_web_pages_are_refused(box: Box, peer: str, host: str, origin: str) -> None:
    """The owner's token is a page's to read otherwise."""
    stranger = replace(box.http, client=(peer, 1), host=host)
    reply = await stranger.get("/_sandbox/token", headers={"origin": origin})
    assert reply.status == 403
    assert box.sandbox.owner_token not in reply.body.decode()


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_has_many_spellings(peer: str, expected: bool) -> None:
    """A dual-stack socket names its IPv4 peers in IPv6."""
    assert is_loopback(peer) is expected
