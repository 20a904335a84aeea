"""Subscriptions over HTTP: who may make them, what they may name, and what is shown of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.receiver import Answer, receiving
from tests.gateway.conftest import Visitor

from dexter.database.columns import at
from dexter.database.engine import Database
from dexter.database.tables import subscription_delivery
from dexter.features.people_passwords import Passwords
from dexter.gateway import subscription_routes
from dexter.settings import read_settings
from dexter.stores.feed_log import FeedUnavailable
from dexter.stores.feed_sqlite import SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping

    from tests.doubles.receiver import Receiver

    from dexter.app import Application

NOW = 1_800_000_000.0
PASSWORD = "a long enough one"
AT = "/api/v1/subscriptions"
FORM = {"name": "Ops", "url": "http://127.0.0.1:9/", "channels": ["issues"]}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def person(
    gateway: Application, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[Visitor]]:
    """Add Ada in the given roles, and give her with a session."""
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(Passwords, "_hasher", lambda _: quick)

    async def joined(roles: dict[str, str]) -> Visitor:
        who = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD, "roles": roles}
        assert (await operator.send("POST", "/api/v1/people", who)).status == 201
        ada = Visitor(gateway, {})
        opened = await ada.send("POST", "/api/v1/session", {"email": who["email"], "password": PASSWORD})
        ada.headers["x-csrf-token"] = opened.json()["csrf_token"]
        return ada

    return joined


def files(folder: Path) -> list[bytes]:
    """Give everything that lies in a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def made(operator: Visitor, **changes: Any) -> dict[str, Any]:
    answer = await operator.send("POST", AT, FORM | changes)
    assert answer.status == 201, answer.body
    return answer.json()


async def test_a_subscription_is_made_shown_changed_and_removed(operator: Visitor) -> None:
    """The whole life of one."""
    kept = await made(operator, filter=" project:shop ", types=["issue"])
    secret = kept.pop("secret")
    assert (await operator.get(f"{AT}/{kept['id']}")).json() == kept
    assert (await operator.get(AT)).json() == {"data": [kept]}
    assert {**kept, "id": "", "created_at": "", "position": ""} == {
        "id": "",
        "name": "Ops",
        "url": FORM["url"],
        "channels": ["issues"],
        "filter": "project:shop",
        "types": ["issue"],
        "active": True,
        "paused_reason": None,
        "created_at": "",
        "created_by": {"id": "d2a0b1c3e4f54a6b8c7d9e0f1a2b3c4d", "name": "Administrator"},
        "health": "ok",
        "position": "",
        "behind": 0,
        "delivered": 0,
        "pending": 0,
        "dead": 0,
        "last_delivery_at": None,
        "last_error": None,
    }
    assert secret.startswith("dxs_")
    changed = await operator.send("PATCH", f"{AT}/{kept['id']}", {"name": "Chat", "active": False})
    assert (changed.json()["name"], changed.json()["active"], changed.json()["health"]) == ("Chat", False, "paused")
    assert (await operator.send("DELETE", f"{AT}/{kept['id']}")).status == 204
    assert (await operator.get(f"{AT}/{kept['id']}")).status == 404
    assert (await operator.get(AT)).json() == {"data": []}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"url": "ftp://example.com/"}, "url"),
    ({"url": "http://169.254.169.254/latest/meta-data"}, "url"),
    ({"url": "http://[::ffff:169.254.169.254]/"}, "url"),
    ({"url": "http://10.0.0.1/"}, "url"),
    ({"url": "http://user:pass@example.com/"}, "url"),
    ({"channels": []}, "channels"),
    ({"channels": ["everything"]}, "channels"),
    ({"filter": "colour:red"}, "filter"),
    ({"filter": '"open'}, "filter"),
    ({"types": ["issue.exploded"]}, "types"),
    ({"secret": "mine"}, "secret"),
    ({"active": False}, "active"),
]


async def test_what_cannot_be_forwarded_is_refused_with_the_field(operator: Visitor) -> None:
    """A form shows it beside the field."""
    for changes, field in WRONG:
        refused = await operator.send("POST", AT, FORM | changes)
        assert refused.status == 422, changes
        assert any(field in error["field"] for error in refused.json()["errors"]), changes
    assert (await operator.get(AT)).json() == {"data": []}


@pytest.mark.parametrize("environment", [{"DEXTER_HOST": "0.0.0.0"}], indirect=True)
async def test_a_dexter_that_others_reach_sends_nothing_to_its_own_host(operator: Visitor) -> None:
    """Whoever may make a subscription must not knock at doors that only this host reaches."""
    refused = await operator.send("POST", AT, FORM, {"host": "localhost"})
    assert (refused.status, refused.json()["errors"][0]["field"]) == (422, "url")


@pytest.mark.parametrize("environment", [{"DEXTER_HOST": "0.0.0.0", "DEXTER_OUTGOING_PRIVATE": "on"}], indirect=True)
async def test_whoever_runs_dexter_may_permit_private_networks_but_no_metadata(operator: Visitor) -> None:
    for url, status in (("http://10.0.0.1/", 201), ("http://127.0.0.1:9/", 201), ("http://169.254.169.254/", 422)):
        assert (await operator.send("POST", AT, FORM | {"url": url})).status == status


@pytest.mark.parametrize("environment", [{"SENTRY_ORG": None}], indirect=True)
async def test_without_a_feed_there_is_nothing_to_forward(operator: Visitor) -> None:
    assert (await operator.get(AT)).status == 404


EVERY = [
    ("GET", "", None),
    ("POST", "", FORM),
    ("GET", "/{id}", None),
    ("PATCH", "/{id}", {"active": False}),
    ("DELETE", "/{id}", None),
    ("POST", "/{id}/secret", None),
    ("POST", "/{id}/test", None),
    ("GET", "/{id}/deliveries", None),
    ("POST", "/{id}/deliveries/{delivery}/retry", None),
    ("POST", "/{id}/dead/retry", None),
    ("DELETE", "/{id}/dead", None),
]


@pytest.mark.parametrize("role", ["viewer", "triager", "elsewhere"])
async def test_only_administrators_of_the_organization_have_to_do_with_subscriptions(
    operator: Visitor, person: Callable[..., Awaitable[Visitor]], role: str
) -> None:
    """They carry everything that happens in it out of it."""
    kept = await made(operator)
    somebody = await person({"other": "admin"} if role == "elsewhere" else {"acme": role})
    for method, where, body in EVERY:
        target = AT + where.format(id=kept["id"], delivery="0" * 32)
        assert (await somebody.send(method, target, body)).status == 403, (method, where)
    assert (await operator.get(AT)).json() == {"data": [{k: v for k, v in kept.items() if k != "secret"}]}


async def test_a_sentry_token_opens_none_of_it(operator: Visitor, owner: Visitor, stranger: Visitor) -> None:
    """Whether somebody may is Dexter's to say, and Dexter does not know them."""
    kept = await made(operator)
    for method, where, body in EVERY:
        target = AT + where.format(id=kept["id"], delivery="0" * 32)
        assert (await owner.send(method, target, body)).status == 403, (method, where)
        assert (await stranger.send(method, target, body)).status == 401, (method, where)


async def test_an_administrator_of_the_organization_may(person: Callable[..., Awaitable[Visitor]]) -> None:
    """They need not run Dexter; and they answer for what they made."""
    ada = await person({"acme": "admin"})
    kept = await made(ada)
    assert kept["created_by"]["name"] == "Ada"


async def test_whoever_sets_a_subscription_going_answers_for_it(
    operator: Visitor, person: Callable[..., Awaitable[Visitor]]
) -> None:
    """It forwards what they may hear; who left stays out of it."""
    kept = await made(await person({"acme": "admin"}))
    await operator.send("PATCH", f"{AT}/{kept['id']}", {"name": "Other"})
    assert (await operator.get(f"{AT}/{kept['id']}")).json()["created_by"]["name"] == "Ada"
    changed = await operator.send("PATCH", f"{AT}/{kept['id']}", {"active": True})
    assert changed.json()["created_by"]["name"] == "Administrator"


async def test_a_secret_is_shown_once_and_is_nowhere_else(
    operator: Visitor, environment: dict[str, str], log: list[MutableMapping[str, Any]]
) -> None:
    """Whoever has it can forge what happens; it is in no log, no database and no answer again."""
    key = {"Idempotency-Key": "once"}
    answer = await operator.send("POST", AT, FORM, key)
    first = answer.json()["secret"]
    again = await operator.send("POST", AT, FORM, key)
    assert again.status == 409
    kept = answer.json()["id"]
    second = (await operator.send("POST", f"{AT}/{kept}/secret", None, {"Idempotency-Key": "twice"})).json()["secret"]
    assert first != second
    shown = [(await operator.get(each)).body for each in (AT, f"{AT}/{kept}", "/api/v1/audit")]
    on_disk = files(Path(environment["DEXTER_DATA_DIR"]))
    for secret in (first, second):
        assert not any(secret.encode() in each for each in (*shown, *on_disk, repr(log).encode()))


async def test_every_change_is_in_the_audit_log(operator: Visitor) -> None:
    """Who carries events out of here, where to, and since when."""
    kept = await made(operator)
    await operator.send("PATCH", f"{AT}/{kept['id']}", {"url": "http://127.0.0.1:10/"})
    await operator.send("POST", f"{AT}/{kept['id']}/secret")
    await operator.send("DELETE", f"{AT}/{kept['id']}/dead")
    await operator.send("DELETE", f"{AT}/{kept['id']}")
    rows = (await operator.get("/api/v1/audit?action=subscriptions")).json()["data"]
    assert [each["action"] for each in reversed(rows)] == [
        "subscriptions.add",
        "subscriptions.change",
        "subscriptions.secret",
        "subscriptions.remove_dead",
        "subscriptions.remove",
    ]
    assert {(each["outcome"], each["target"]["kind"], each["target"]["id"]) for each in rows} == {
        ("done", "subscription", kept["id"])
    }
    changed = rows[-2]
    assert (changed["before"]["url"], changed["after"]["url"]) == (FORM["url"], "http://127.0.0.1:10/")


async def test_a_ping_is_signed_and_says_what_came_of_it(operator: Visitor, receiver: Receiver) -> None:
    """Before anything happens somebody wants to know whether the other side understands."""
    kept = await made(operator, url=receiver.url)
    pinged = (await operator.send("POST", f"{AT}/{kept['id']}/test")).json()
    assert (pinged["status"], pinged["error"]) == (204, None)
    assert pinged["ms"] >= 0
    [came] = receiver.came
    assert (came.kind, came.message["kind"], came.message["subscription"]["id"]) == ("ping", "ping", kept["id"])
    assert came.is_signed(kept["secret"])
    assert not came.is_signed("another")
    receiver.answer = lambda _: Answer(302, {"Location": "/elsewhere"})
    pinged = (await operator.send("POST", f"{AT}/{kept['id']}/test")).json()
    assert pinged["status"] == 302
    assert "not followed" in pinged["error"]
    receiver.close()
    pinged = (await operator.send("POST", f"{AT}/{kept['id']}/test")).json()
    assert pinged["status"] is None
    assert "could not be connected to" in pinged["error"]


async def test_deliveries_are_listed_page_by_page_and_sent_again(
    operator: Visitor, environment: dict[str, str]
) -> None:
    """What went wrong is seen, mended, and goes out."""
    kept = await made(operator)
    at_sub = f"{AT}/{kept['id']}"
    database = Database(read_settings(environment).database)
    async with database.transaction() as connection:
        for number, state in enumerate(["delivered", "dead", "pending", "dead"], start=1):
            message = {"kind": "event", "epoch": "e", "offset": number, "event": {"type": "issue.created"}}
            await connection.execute(
                subscription_delivery.insert().values(
                    id=f"{number:032x}",
                    subscription_id=kept["id"],
                    type="issue.created",
                    message=message,
                    state=state,
                    attempts=8,
                    last_status=None if state == "pending" else 500,
                    next_attempt_at=None,
                    created_at=at(NOW),
                    settled_at=None if state == "pending" else at(NOW),
                )
            )
    shown = (await operator.get(at_sub)).json()
    assert (shown["pending"], shown["dead"]) == (1, 2)
    first = (await operator.get(f"{at_sub}/deliveries?limit=3")).json()
    assert [each["place"] for each in first["data"]] == ["e:4", "e:3", "e:2"]
    cursor = first["pagination"]["next"]["cursor"]
    rest = (await operator.get(f"{at_sub}/deliveries?limit=3&cursor={cursor}")).json()
    assert [each["state"] for each in rest["data"]] == ["delivered"]
    assert rest["pagination"] == {"next": None, "prev": None}
    assert rest["data"][0]["delivered_at"]
    dead = (await operator.get(f"{at_sub}/deliveries?state=dead")).json()["data"]
    assert [(each["event"], each["last_status"]) for each in dead] == [({"type": "issue.created"}, 500)] * 2
    retry = await operator.send("POST", f"{at_sub}/deliveries/{2:032x}/retry")
    assert (retry.status, retry.json()["state"], retry.json()["attempts"]) == (200, "pending", 0)
    assert (await operator.send("POST", f"{at_sub}/deliveries/{1:032x}/retry")).status == 409
    assert (await operator.send("POST", f"{at_sub}/deliveries/{9:032x}/retry")).status == 404
    assert (await operator.send("POST", f"{at_sub}/dead/retry")).json() == {"count": 1}
    async with database.transaction() as connection:
        await connection.execute(subscription_delivery.update().values(state="dead"))
    assert (await operator.send("DELETE", f"{at_sub}/dead")).json() == {"count": 4}
    assert (await operator.get(f"{at_sub}/deliveries")).json()["data"] == []
    await database.aclose()


async def test_what_is_not_there_is_said(operator: Visitor) -> None:
    for method, where, body in EVERY:
        if where:
            target = AT + where.format(id="0" * 32, delivery="0" * 32)
            assert (await operator.send(method, target, body)).status == 404, (method, where)


async def test_while_the_log_is_away_subscriptions_are_seen_and_stopped_but_none_is_made(
    operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then of all times somebody may have to stop one."""
    kept = await made(operator)

    async def away(*_: Any) -> None:
        raise FeedUnavailable("it is away")

    monkeypatch.setattr(SqliteFeedLog, "after", away)
    assert (await operator.get(AT)).json()["data"][0]["behind"] is None
    stopped = await operator.send("PATCH", f"{AT}/{kept['id']}", {"active": False})
    assert (stopped.status, stopped.json()["active"]) == (200, False)
    refused = await operator.send("POST", AT, FORM)
    assert (refused.status, refused.headers["retry-after"]) == (503, "2")


async def test_there_is_an_end_to_how_many(operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may hold connections and a place in the log."""
    monkeypatch.setattr(subscription_routes, "MOST", 1)
    await made(operator)
    assert (await operator.send("POST", AT, FORM)).status == 400
