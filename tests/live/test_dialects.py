"""The life of an issue through the gateway, for clients of every age in front of Sentries of every age.

An application fails with the real SDK; the issue is found, resolved, comes back, is assigned and archived. What a
client sends and gets is of its own dialect throughout.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

import pytest
from bench.stand import Gateway, Reply, Sandbox, request, running_gateway, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 20
APPLICATION = """
import sys
import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], release="dialects@1.0.0", environment="production", default_integrations=False)
failure = type(sys.argv[2], (Exception,), {})
try:
    raise failure(f"order {sys.argv[3]} cannot be shipped")
except failure:
    sentry_sdk.capture_exception()
sentry_sdk.flush(10)
"""


class Client(Protocol):
    """Somebody who works on issues in one dialect."""

    def listed(self, text: str, state: str) -> Reply: ...
    def detail(self, issue: str) -> Reply: ...
    def events(self, issue: str) -> Reply: ...
    def resolve(self, issue: str) -> Reply: ...
    def assign(self, issue: str, user: str) -> Reply: ...
    def archive(self, issue: str) -> Reply: ...


@dataclass
class Workbench:
    """Dexter's own API, as the workbench uses it."""

    gateway: Gateway

    def _ask(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        address = f"{self.gateway.url}/api/v1{path}?{urlencode(query)}"
        headers = {"X-Dexter-Token": self.gateway.token, "Cache-Control": "no-cache"}
        return request(method, address, body=body, headers=headers)

    def listed(self, text: str, state: str) -> Reply:
        return self._ask("GET", "/issues", query=text, status=state, period="14d")

    def detail(self, issue: str) -> Reply:
        return self._ask("GET", f"/issues/{issue}")

    def events(self, issue: str) -> Reply:
        return self._ask("GET", f"/issues/{issue}/events")

    def resolve(self, issue: str) -> Reply:
        return self._ask("PUT", f"/issues/{issue}", {"status": "resolved"})

    def assign(self, issue: str, user: str) -> Reply:
        return self._ask("PUT", f"/issues/{issue}", {"assignee": f"user:{user}"})

    def archive(self, issue: str) -> Reply:
        return self._ask("PUT", f"/issues/{issue}", {"status": "archived", "archive": {"mode": "forever"}})


@dataclass
class SentryClient:
    """A client of Sentry's own API with a token of its own; a subclass knows the addresses."""

    gateway: Gateway
    token: str

    def _ask(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        address = f"{self.gateway.url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Cache-Control": "no-cache"}
        return request(method, address, body=body, headers=headers)


class Today(SentryClient):
    """Issues within their organization."""

    ISSUES = "/api/0/organizations/acme/issues/"

    def listed(self, text: str, state: str) -> Reply:
        return self._ask("GET", self.ISSUES, query=f"is:{state} {text}", limit=10)

    def detail(self, issue: str) -> Reply:
        return self._ask("GET", f"{self.ISSUES}{issue}/")

    def events(self, issue: str) -> Reply:
        return self._ask("GET", f"{self.ISSUES}{issue}/events/")

    def resolve(self, issue: str) -> Reply:
        # As a bulk change, which is how most of today's tools do it.
        return self._ask("PUT", f"{self.ISSUES}?id={issue}", {"status": "resolved"})

    def assign(self, issue: str, user: str) -> Reply:
        return self._ask("PUT", f"{self.ISSUES}{issue}/", {"assignedTo": f"user:{user}"})

    def archive(self, issue: str) -> Reply:
        body = {"status": "ignored", "statusDetails": {}, "substatus": "archived_forever"}
        return self._ask("PUT", f"{self.ISSUES}{issue}/", body)


class OfOld(SentryClient):
    """Issues by number, lists by project."""

    def listed(self, text: str, state: str) -> Reply:
        (project,) = [row for row in self._ask("GET", "/api/0/projects/").json() if row["slug"] == "shop-api"]
        path = f"/api/0/projects/{project['organization']['slug']}/{project['slug']}/issues/"
        return self._ask("GET", path, query=f"is:{'ignored' if state == 'archived' else state} {text}")

    def detail(self, issue: str) -> Reply:
        return self._ask("GET", f"/api/0/issues/{issue}/")

    def events(self, issue: str) -> Reply:
        return self._ask("GET", f"/api/0/issues/{issue}/events/")

    def resolve(self, issue: str) -> Reply:
        return self._ask("PUT", f"/api/0/issues/{issue}/", {"status": "resolved"})

    def assign(self, issue: str, user: str) -> Reply:
        return self._ask("PUT", f"/api/0/issues/{issue}/", {"assignedTo": f"user:{user}"})

    def archive(self, issue: str) -> Reply:
        return self._ask("PUT", f"/api/0/issues/{issue}/", {"status": "ignored"})


CLIENTS: dict[str, Callable[[Gateway, str], Client]] = {
    "workbench": lambda gateway, _: Workbench(gateway),
    "today": Today,
    "of-old": OfOld,
}

STANDS = [
    # client, the Sentry behind the gateway
    ("workbench", {"profile": "sentry-9.1"}),
    ("today", {"profile": "sentry-9.1"}),
    ("of-old", {"profile": "sentry-9.1"}),
    ("of-old", {"profile": "selfhosted-26"}),
    ("today", {"profile": "selfhosted-26"}),
    ("workbench", {"profile": "selfhosted-26"}),
    ("workbench", {"profile": "saas", "brownout": "permanent"}),
    ("today", {"profile": "saas", "brownout": "permanent"}),
    ("of-old", {"profile": "saas", "brownout": "permanent"}),
    ("today", {"profile": "partial"}),
    ("workbench", {"profile": "partial"}),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A seeded sandbox."""
    with running_sandbox(issues=30) as running:
        yield running


@pytest.fixture
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway that has not met this Sentry yet; what one of its workers finds out, the other knows."""
    with running_gateway(sandbox.url, sandbox.token, workers=2) as running:
        yield running


def application_fails(sandbox: Sandbox, failure: str, order: int) -> None:
    command = [sys.executable, "-c", APPLICATION, sandbox.dsn("shop-api"), failure, str(order)]
    subprocess.run(command, check=True, timeout=60)


def rows(reply: Reply) -> list[dict[str, Any]]:
    assert reply.status == 200, reply.body
    document = reply.json()
    found: list[dict[str, Any]] = document["data"] if isinstance(document, dict) else document
    return found


def eventually(look: Callable[[], Any]) -> Any:
    limit = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.5)
    return seen


@pytest.mark.parametrize(
    ("name", "sentry"), STANDS, ids=lambda value: value if isinstance(value, str) else value["profile"]
)
def test_an_issue_lives_its_life_in_the_clients_own_dialect(
    sandbox: Sandbox, gateway: Gateway, name: str, sentry: dict[str, str]
) -> None:
    """Found, resolved, back again, assigned, archived; no client knows which Sentry stands behind."""
    sandbox.settings(**{"brownout": "scheduled", **sentry})
    client = CLIENTS[name](gateway, sandbox.token)
    failure = "".join(word.capitalize() for word in f"{name}-{sentry['profile']}-error".replace(".", "-").split("-"))
    text = f"error.type:{failure}"

    application_fails(sandbox, failure, 1)
    (issue,) = eventually(lambda: rows(client.listed(text, "unresolved")))
    number = issue["id"]
    assert issue["metadata"]["type"] == failure
    assert len(rows(client.events(number))) == 1
    if isinstance(client, Workbench) and sentry["profile"] != "partial":
        # The issue page, made of five calls; a partial server has no activity and no series to give.
        parts = gateway.v1("GET", f"/issues/{number}/context").json()["parts"]
        assert {part["status"] for part in parts.values()} <= {"ok", "stale"}

    assert client.resolve(number).json()["status"] == "resolved"
    assert client.detail(number).json()["status"] == "resolved"
    assert [one["id"] for one in eventually(lambda: rows(client.listed(text, "resolved")))] == [number]
    eventually(lambda: rows(client.listed(text, "unresolved")) == [])

    application_fails(sandbox, failure, 2)
    (again,) = eventually(lambda: rows(client.listed(text, "unresolved")))
    assert (again["id"], again["count"]) == (number, "2")
    assert "set_regression" in [entry["type"] for entry in client.detail(number).json()["activity"]]

    user = sandbox.api("GET", "/api/0/users/me/").json()["id"]
    assert client.assign(number, user).json()["assignedTo"]["id"] == user
    assert client.archive(number).json()["status"] == "ignored"
    assert [one["id"] for one in eventually(lambda: rows(client.listed(text, "archived")))] == [number]


def test_doctor_and_capabilities_agree_about_an_old_sentry(sandbox: Sandbox, gateway: Gateway) -> None:
    """The same probe answers both, one from a running gateway and one without."""
    sandbox.settings(profile="sentry-9.1")
    told = gateway.v1("GET", "/capabilities").json()
    assert (told["kind"], told["version"], told["dialect"]) == ("self-hosted", "9.1.2", "orgless")
    examined = subprocess.run(
        [sys.executable, "-m", "dexter.cli", "doctor", "--json"],
        env={"SENTRY_BASE_URL": sandbox.url, "SENTRY_API_TOKEN": sandbox.token, "SENTRY_ORG": "acme"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "9.1.2" in examined.stdout
    assert "orgless" in examined.stdout
