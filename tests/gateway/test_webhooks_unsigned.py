"""The posts of the old plugin, which nothing signs: refused by default, bounded, and hardly anything of them kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from dexter.gateway.webhooks_unsigned import MOST_A_MINUTE, PATH

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

    from tests.doubles.sentry_double import FakeClock
    from tests.gateway.conftest import Visitor

ON = pytest.mark.parametrize("environment", [{"DEXTER_UNSIGNED_WEBHOOKS": "on"}], indirect=True)
POST = {
    "id": "7", "project": "shop", "project_slug": "shop", "project_name": "Shop", "logger": None, "level": "fatal",
    "culprit": "shop.pay", "message": "Oops", "url": "https://evil.example", "triggering_rules": ["Rule"],
    "event": {"event_id": "f" * 32, "tags": [["secret", "s3cret-in-a-tag"]]},
}  # fmt: skip


async def test_by_default_there_is_no_such_door_and_it_says_what_there_is(stranger: Visitor) -> None:
    """Who set the plugin up years ago must learn why nothing comes, and not by reading the source."""
    refused = await stranger.send("POST", PATH, POST)
    assert refused.status == 404
    assert "DEXTER_UNSIGNED_WEBHOOKS" in refused.json()["remedy"]


@ON
async def test_of_a_post_only_the_number_of_its_issue_is_kept(
    stranger: Visitor, tmp_path: Path, log: list[MutableMapping[str, Any]]
) -> None:
    """What nobody vouches for belongs neither on the disk nor in a log."""
    assert (await stranger.send("POST", PATH, POST)).json() == {"taken": True}
    with closing(sqlite3.connect(tmp_path / "webhooks.sqlite3")) as file:
        rows = file.execute("SELECT resource, body FROM delivery").fetchall()
    assert [(resource, bytes(body)) for resource, body in rows] == [("legacyplugin", b'{"id":"7"}')]
    assert "s3cret" not in str(log)


@ON
async def test_the_same_post_again_says_nothing_new(stranger: Visitor) -> None:
    """Whoever repeats it for ever has Sentry asked once."""
    answers = [(await stranger.send("POST", PATH, POST)).json()["taken"] for _ in range(3)]
    assert answers == [True, False, False]


@ON
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"id":null}', 400),
        (b'{"id":"7/../8"}', 400),
        (b'{"id":-7}', 400),
        (b'{"id":"%b"}' % (b"7" * 21), 400),
        (b'{"id":"7","a":"%b"}' % (b"x" * 2**21), 413),
    ],
)
async def test_what_names_no_issue_is_refused(body: bytes, status: int, stranger: Visitor, operator: Visitor) -> None:
    assert (await stranger.send("POST", PATH, body)).status == status
    became = "oversized" if status == 413 else "malformed"
    shown = (await operator.get("/metrics")).body.decode()
    assert f'dexter_webhooks_total{{became="{became}",resource=""}} 1.0' in shown


@ON
async def test_a_flood_is_told_to_stop_and_costs_no_more_than_a_minutes_share(
    stranger: Visitor, clock: FakeClock
) -> None:
    """Each one may cost a call to Sentry, out of everybody's quota."""
    posts = [{**POST, "id": str(number)} for number in range(MOST_A_MINUTE + 1)]
    statuses = [(await stranger.send("POST", PATH, each)).status for each in posts]
    assert statuses == [200] * MOST_A_MINUTE + [429]
    late = await stranger.send("POST", PATH, POST)
    assert 0 < int(late.headers["retry-after"]) <= 60
    clock.pass_s(61)
    assert (await stranger.send("POST", PATH, {**POST, "id": "777"})).status == 200


@ON
async def test_other_methods_have_no_business_there(stranger: Visitor) -> None:
    assert (await stranger.get(PATH)).status == 405
