"""Every change of the sandbox is told as Sentry tells it, and what goes wrong on the way goes wrong on purpose."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.conftest import START, Http

from dexter.sandbox.app import build_app
from dexter.sandbox.options import SandboxOptions
from dexter.sandbox.webhook_faults import WebhookFaults, fate, parse_faults
from dexter.sandbox.webhook_post import Address
from dexter.sandbox.webhooks import Webhooks, webhooks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

TOKEN = "sntryu_" + "5a" * 32
ISSUES = "/api/0/organizations/acme/issues/"


class App:
    """An installed app: it keeps what it is told."""

    def __init__(self) -> None:
        self.app = build_app(SandboxOptions(owner_token=TOKEN, webhook_url="http://app/", webhook_secret="s3cret"))
        sandbox = self.app.state.sandbox
        self.sent: list[tuple[Mapping[str, str], bytes]] = []
        self.status: int | type[Exception] = 200
        self.webhooks: Webhooks = webhooks(sandbox)
        self.webhooks._post = self.post
        self.http = Http(self.app, {"authorization": f"Bearer {TOKEN}"})
        self.key = sandbox.db.value("SELECT public_key FROM project_keys WHERE project_id = 1")

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.sent.append((headers, body))
        if not isinstance(self.status, int):
            raise self.status
        return self.status

    async def told(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Give what has been told since this was asked last: resource, action, body."""
        for _ in range(50):
            await asyncio.sleep(0)
        taken, self.sent = self.sent, []
        return [(head["Sentry-Hook-Resource"], json.loads(body)["action"], json.loads(body)) for head, body in taken]

    async def error(self, message: str = "Boom", level: str = "warning") -> str:
        """Send an error and give its issue."""
        event = {"message": message, "level": level, "platform": "python"}
        key = {"X-Sentry-Auth": f"Sentry sentry_key={self.key}, sentry_version=7"}
        reply = await self.http.request("POST", "/api/1/store/", data=event, headers=key)
        assert reply.status == 200, reply.body
        listed = await self.http.request("GET", ISSUES, query={"query": message})
        return str(listed.data[0]["id"])

    async def update(self, issue: str, **changes: Any) -> None:
        reply = await self.http.request("PUT", f"{ISSUES}{issue}/", data=changes)
        assert reply.status == 200, reply.body


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App()
    assert short(await app.told()) == [("installation", "created")]
    yield app
    await app.webhooks.aclose()
    app.app.state.sandbox.db.close()


def short(told: list[tuple[str, str, dict[str, Any]]]) -> list[tuple[str, str]]:
    return [(resource, action) for resource, action, _ in told]


async def test_an_error_is_told_with_its_issue_and_its_alert(app: App) -> None:
    """The first thing that a live view shows."""
    await app.error("Quiet")
    assert short(await app.told()) == [("issue", "created"), ("error", "created")]
    await app.error("Loud", "fatal")
    told = await app.told()
    assert short(told) == [("issue", "created"), ("error", "created"), ("event_alert", "triggered")]
    issue = told[0][2]["data"]["issue"]
    error = told[1][2]["data"]["error"]
    assert (error["issue_id"], error["title"]) == (issue["id"], "Loud")
    assert error["issue_url"].endswith(f"{ISSUES}{issue['id']}/")
    assert told[2][2]["data"]["triggered_rule"]
    await app.error("Loud", "fatal")
    assert short(await app.told()) == [("error", "created")], "the second time the issue is known"


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        ({"status": "resolved"}, ["resolved"]),
        ({"status": "ignored"}, ["ignored", "archived"]),
        ({"assignedTo": "user:1"}, ["assigned"]),
        ({"status": "resolved", "assignedTo": "user:1"}, ["resolved", "assigned"]),
        ({"priority": "high"}, []),
        ({"hasSeen": True}, []),
    ],
)
async def test_each_change_is_told_in_sentrys_words(app: App, changes: dict[str, Any], actions: list[str]) -> None:
    """What Sentry leaves untold is untold here, so that a poller has something to find."""
    issue = await app.error()
    await app.told()
    await app.update(issue, **changes)
    told = await app.told()
    assert short(told) == [("issue", action) for action in actions]
    for _, _, body in told:
        assert (body["data"]["issue"]["id"], body["actor"]["type"]) == (issue, "user")
        assert body["data"]["issue"]["status"] == changes.get("status", "unresolved")


async def test_a_regression_is_told_as_unresolved_by_sentry_itself(app: App) -> None:
    issue = await app.error()
    await app.update(issue, status="resolved")
    await app.told()
    await app.error()
    told = {(resource, action): body for resource, action, body in await app.told()}
    assert set(told) == {("error", "created"), ("issue", "unresolved")}
    body = told["issue", "unresolved"]
    assert (body["data"]["issue"]["substatus"], body["actor"]["id"]) == ("regressed", "sentry")


async def test_comments_are_told_as_they_come_change_and_go(app: App) -> None:
    issue = await app.error()
    await app.told()
    notes = f"{ISSUES}{issue}/comments/"
    made = await app.http.request("POST", notes, data={"text": "one"})
    await app.http.request("PUT", f"{notes}{made.data['id']}/", data={"text": "two"})
    await app.http.request("DELETE", f"{notes}{made.data['id']}/")
    told = await app.told()
    assert short(told) == [("comment", action) for action in ("created", "updated", "deleted")]
    assert [body["data"]["comment"] for _, _, body in told] == ["one", "two", "two"]
    assert {body["data"]["issue_id"] for _, _, body in told} == {int(issue)}


async def test_a_deleted_issue_takes_its_comments_along_in_silence(app: App) -> None:
    issue = await app.error()
    await app.http.request("POST", f"{ISSUES}{issue}/comments/", data={"text": "one"})
    await app.told()
    assert (await app.http.request("DELETE", f"{ISSUES}{issue}/")).status == 202
    assert await app.told() == []


async def test_what_is_refused_is_not_told(app: App) -> None:
    issue = await app.error()
    await app.told()
    assert (await app.http.request("PUT", f"{ISSUES}{issue}/", data={"status": "lost"})).status == 400
    assert await app.told() == []


async def test_a_delivery_is_signed_over_its_body(app: App) -> None:
    """A receiver that checks what Sentry signs must find it right here."""
    await app.error()
    await app.told()
    await app.update("1", status="resolved")
    await asyncio.sleep(0.01)
    ((head, body),) = app.sent
    assert head["Sentry-Hook-Signature"] == hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert head["Request-ID"]
    assert int(head["Sentry-Hook-Timestamp"]) < START * 2
    assert json.loads(body)["installation"]["uuid"]
    assert "s3cret" not in repr(app.webhooks.address) + str(app.webhooks.shown())


@pytest.mark.parametrize(("status", "became"), [(200, "taken"), (500, "refused"), (TimeoutError, "timed_out")])
async def test_nothing_is_sent_again(app: App, status: Any, became: str) -> None:
    """Sentry tells an unpublished app once, whatever comes of it."""
    app.status = status
    app.webhooks.counts.clear()
    await app.error()
    assert len(await app.told()) == 2
    assert app.webhooks.counts[became] == 2
    assert app.webhooks.shown()["waiting"] == 0


async def test_faults_do_what_they_say(app: App) -> None:
    app.webhooks.faults = WebhookFaults(twice=1.0)
    issue = await app.error()
    ids = Counter(head["Request-ID"] for head, _ in app.sent)
    assert await app.told()
    app.webhooks.faults = WebhookFaults(dropped=1.0)
    await app.update(issue, status="resolved")
    assert await app.told() == []
    app.webhooks.faults = WebhookFaults(out_of_order=1.0)
    await app.update(issue, status="ignored")
    assert short(await app.told()) == [("issue", "archived"), ("issue", "ignored")]
    app.webhooks.faults = WebhookFaults(wrongly_signed=1.0)
    await app.update(issue, status="unresolved")
    await asyncio.sleep(0.01)
    ((head, body),) = app.sent
    assert head["Sentry-Hook-Signature"] != hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert set(ids.values()) <= {1, 2}


async def test_a_delay_keeps_the_time_at_which_it_should_have_gone(app: App) -> None:
    app.webhooks.faults = WebhookFaults(delayed=1.0, delay_ms=30)
    await app.error()
    assert await app.told() == []
    assert app.webhooks.shown()["waiting"] == 2
    await asyncio.sleep(0.08)
    assert len(await app.told()) == 2


def test_the_same_plan_gives_the_same_fates() -> None:
    """A test that found a bug must find it again."""
    plan = WebhookFaults(twice=0.3, dropped=0.3, seed=4)
    fates = [fate(plan, number) for number in range(200)]
    assert fates == [fate(plan, number) for number in range(200)]
    assert 30 < sum(each.copies == 0 for each in fates) < 90


@pytest.mark.parametrize("body", [{"lost": 1}, {"twice": 2}, {"twice": "x"}, {"delay_ms": -1}, {"seed": True}])
def test_a_plan_that_is_none_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(body))):
        parse_faults(body)


async def test_the_admin_surface_installs_tells_and_removes(app: App) -> None:
    """Tests of a running sandbox have no other way."""
    admin = Http(app.app, host="localhost")
    refused = await admin.request("PUT", "/_sandbox/webhooks", data={"url": "ftp://x", "secret": "s"})
    assert refused.status == 400
    reply = await admin.request("PUT", "/_sandbox/webhooks", data={"url": "http://other/", "secret": "other"})
    assert (reply.data["url"], "other" in str(reply.data["counts"])) == ("http://other/", False)
    assert short(await app.told()) == [("installation", "deleted"), ("installation", "created")]
    made = {"resource": "metric_alert", "action": "critical", "data": {"description_title": "Too slow"}}
    assert (await admin.request("POST", "/_sandbox/webhooks/deliveries", data=made)).status == 202
    assert short(await app.told()) == [("metric_alert", "critical")]
    assert (await admin.request("PUT", "/_sandbox/webhooks/faults", data={"twice": True})).data["twice"] == 1.0
    assert (await admin.request("GET", "/_sandbox/webhooks/faults")).data["twice"] == 1.0
    assert (await admin.request("DELETE", "/_sandbox/webhooks/faults")).status < 300
    assert (await admin.request("DELETE", "/_sandbox/webhooks")).status < 300
    assert short(await app.told()) == [("installation", "deleted")]
    await app.error()
    assert await app.told() == []
    app.webhooks.install(Address("http://app/", "s3cret"))
    assert short(await app.told()) == [("installation", "created")]
    await app.error()
    assert short(await app.told()) == [("error", "created")], "what happened in between is not made up for"
