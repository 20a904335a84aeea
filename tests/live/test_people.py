"""People over many processes: what is taken from somebody at one is gone at all of them, within the stated time."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from bench.stand import Gateway, Sandbox, request, running_gateway

from dexter.gateway.logins import LEASE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doubles.postgres_server import PostgresServer

WORKERS = 2
PASSWORD = "a long enough one"
LIST = "/api/v1/issues?limit=25"


@contextmanager
def two_workers(sandbox: Sandbox, folder: Path, _: pytest.FixtureRequest) -> Iterator[list[Gateway]]:
    """Two processes of one data directory, on one port."""
    with running_gateway(sandbox.url, sandbox.token, folder=folder, workers=WORKERS) as running:
        yield [running]


@contextmanager
def two_hosts(sandbox: Sandbox, folder: Path, asked: pytest.FixtureRequest) -> Iterator[list[Gateway]]:
    """Two data directories that share nothing but a PostgreSQL and a key."""
    server: PostgresServer = asked.getfixturevalue("postgres")
    for host in ("one", "two"):
        (folder / host).mkdir()
    with server.fresh() as name:
        shared = {"DEXTER_DATABASE_URL": server.url(name), "DEXTER_SECRET_KEY": "k" * 32}
        with (
            running_gateway(sandbox.url, sandbox.token, folder=folder / "one", **shared) as one,
            running_gateway(sandbox.url, sandbox.token, folder=folder / "two", **shared) as two,
        ):
            yield [one, two]


@pytest.fixture(params=[two_workers, two_hosts], ids=["two workers", "two hosts"])
def gateways(sandbox: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[Gateway]]:
    """Gateways that share a database; their processes are at least two."""
    with request.param(sandbox, tmp_path, request) as running:
        yield running


def asked(gateway: Gateway, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
    return request(method, gateway.url + path, headers=headers, body=body)


def operator(gateway: Gateway) -> dict[str, str]:
    return {"X-Dexter-Token": gateway.token}


def joined(gateway: Gateway) -> tuple[str, dict[str, str]]:
    """Add a person who may read, and give the id and what their browser sends."""
    new = {"name": "Ada", "email": "ada@b.c", "password": PASSWORD, "roles": {"acme": "viewer"}}
    person = asked(gateway, "POST", "/api/v1/people", operator(gateway), new).json()["id"]
    opened = asked(gateway, "POST", "/api/v1/session", {}, {"email": "ada@b.c", "password": PASSWORD})
    assert opened.status == 200, opened.body
    return person, {"Cookie": opened.headers["set-cookie"].partition(";")[0]}


async def _many(gateways: list[Gateway], headers: dict[str, str], size: int) -> set[int]:
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask(gateway: Gateway) -> int:
            async with session.get(gateway.url + LIST) as reply:
                await reply.read()
                return reply.status

        return set(await asyncio.gather(*(ask(gateway) for gateway in gateways for _ in range(size))))


def statuses(gateways: list[Gateway], headers: dict[str, str], size: int = 24) -> set[int]:
    """What every process answers: each connection is its own, so that all of them are asked."""
    return asyncio.run(_many(gateways, headers, size))


def warmed(gateways: list[Gateway], headers: dict[str, str]) -> None:
    """Let every process know the caller, and have an answer stand ready for them."""
    for _ in range(3):
        assert statuses(gateways, headers) == {200}


def test_what_is_taken_away_at_one_process_is_refused_by_all_within_the_bound(gateways: list[Gateway]) -> None:
    """Whoever ends a stolen session must be able to rely on it, also where answers stood ready for it."""
    first = gateways[0]
    person, browser = joined(first)
    token = asked(first, "POST", "/api/v1/session", {}, {"email": "ada@b.c", "password": PASSWORD})
    cookie = token.headers["set-cookie"].partition(";")[0]
    mine = {"Cookie": cookie, "X-CSRF-Token": token.json()["csrf_token"]}
    made = asked(first, "POST", "/api/v1/tokens", mine, {"name": "ci", "scopes": ["read"]}).json()
    script = {"X-Dexter-Token": made["token"]}
    for headers in (browser, script):
        warmed(gateways, headers)

    listed = asked(first, "GET", "/api/v1/sessions", mine).json()["data"]
    theirs = next(each["id"] for each in listed if not each["current"])
    taken = (
        (browser, 401, "DELETE", f"/api/v1/sessions/{theirs}", mine, None),
        (script, 403, "PUT", f"/api/v1/people/{person}/roles/acme", operator(first), {"role": None}),
        (script, 401, "DELETE", f"/api/v1/tokens/{made['id']}", mine, None),
        (mine, 401, "PATCH", f"/api/v1/people/{person}", operator(first), {"disabled": True}),
    )
    for headers, status, method, path, who, body in taken:
        before = statuses(gateways, headers)
        assert status not in before
        began = time.monotonic()
        done = asked(first, method, path, who, body)
        assert done.status in (200, 204), done.body
        time.sleep(max(0.0, began + LEASE_S - time.monotonic()))
        assert statuses(gateways, headers) == {status}, path


def test_a_session_of_one_process_is_known_to_the_others_at_once(gateways: list[Gateway]) -> None:
    """A balancer may send a browser anywhere."""
    _, browser = joined(gateways[0])
    assert statuses(gateways, browser) == {200}
    shown = {
        asked(gateway, "GET", "/api/v1/session", browser).json()["csrf_token"] for gateway in gateways for _ in range(8)
    }
    assert len(shown) == 1


def test_what_a_linked_person_changes_carries_their_name_and_others_see_it_at_once(
    sandbox: Sandbox, gateway: Gateway
) -> None:
    """The point of linking: colleagues read in Sentry who it was, and nobody reads what was before."""
    person, _ = joined(gateway)
    members = sandbox.api("GET", "/api/0/organizations/acme/members/").json()
    user = next(each["user"] for each in members if each["user"] and each["user"]["name"] != "Olive Owner")
    made = request(
        "POST", f"{sandbox.url}/_sandbox/tokens", body={"scopes": ["event:read", "event:write"], "user": user["id"]}
    )
    asked(gateway, "PUT", f"/api/v1/people/{person}/roles/acme", operator(gateway), {"role": "triager"})
    opened = asked(gateway, "POST", "/api/v1/session", {}, {"email": "ada@b.c", "password": PASSWORD})
    mine = {
        "Cookie": opened.headers["set-cookie"].partition(";")[0],
        "X-CSRF-Token": opened.json()["csrf_token"],
    }
    linked = asked(gateway, "PUT", "/api/v1/me/sentry-token", mine, {"token": made.json()["token"]})
    assert linked.json()["name"] == user["name"], linked.body

    issue = asked(gateway, "GET", LIST, operator(gateway)).json()["data"][0]["id"]
    assert asked(gateway, "GET", f"/api/v1/issues/{issue}", operator(gateway)).status == 200
    changed = asked(gateway, "PUT", f"/api/v1/issues/{issue}", mine, {"assignee": "me", "status": "resolved"})
    assert changed.status == 200, changed.body
    seen = asked(gateway, "GET", f"/api/v1/issues/{issue}", operator(gateway)).json()
    assert (seen["status"], seen["assignedTo"]["id"]) == ("resolved", user["id"])
    activity = sandbox.api("GET", f"/api/0/organizations/acme/issues/{issue}/activities/").json()["activity"]
    who = {each["user"]["name"] for each in activity if each["type"] in ("set_resolved", "assigned") and each["user"]}
    assert user["name"] in who
    mine_only = asked(gateway, "GET", f"{LIST}&status=all&query=assigned%3Ame", mine).json()
    assert issue in [each["id"] for each in mine_only["data"]]

    gone = request("DELETE", f"{sandbox.url}/_sandbox/tokens", body={"token": made.json()["token"]})
    assert gone.status < 300, gone.body
    dead = asked(gateway, "PUT", f"/api/v1/issues/{issue}", mine, {"status": "unresolved"})
    assert (dead.status, "no longer accepts the token that Ada linked" in dead.json()["message"]) == (403, True)
    assert asked(gateway, "GET", LIST, mine).status == 200
