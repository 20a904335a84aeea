"""What this Sentry can do and how it changes, as the gateway tells it; the sandbox plays every Sentry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.sandbox_transport import BASE, OWNER, SandboxTransport

from dexter.app import Application, create_app
from dexter.sandbox.standing import standing
from dexter.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.gateway.conftest import Visitor

ORG = "/api/0/organizations/acme"


@pytest.fixture
def profile() -> str:
    """Which Sentry stands behind; a test may name another."""
    return "default"


@pytest.fixture
async def box(profile: str) -> AsyncIterator[SandboxTransport]:
    box = SandboxTransport(profile)
    yield box
    await box.aclose()


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "SENTRY_BASE_URL": BASE, "SENTRY_API_TOKEN": OWNER}


@pytest.fixture
async def gateway(environment: dict[str, str], box: SandboxTransport) -> AsyncIterator[Application]:
    app = create_app(read_settings(environment), transport=box)
    yield app
    await app.aclose()


async def an_issue(box: SandboxTransport) -> str:
    key = box.db.one("SELECT public_key, project_id FROM project_keys ORDER BY project_id LIMIT 1")
    body = json.dumps({"message": "it fell over", "level": "error"}).encode()
    await box.request("POST", f"/api/{key['project_id']}/store/", f"sentry_key={key['public_key']}", body)
    return str(box.db.value("SELECT max(id) FROM issues"))


TOLD: list[tuple[str, str, str | None, str]] = [
    ("saas", "saas", "26.9.0.dev0", "organization"),
    ("selfhosted-26", "self-hosted", "26.8.0", "organization"),
    ("sentry-9.1", "self-hosted", "9.1.2", "orgless"),
    ("partial", "partial", None, "mixed"),
]


@pytest.mark.parametrize(("profile", "kind", "version", "dialect"), TOLD)
async def test_capabilities_say_what_kind_of_sentry_it_is(
    box: SandboxTransport, operator: Visitor, kind: str, version: str | None, dialect: str
) -> None:
    """The first question of whoever wonders why something does not work."""
    await an_issue(box)
    told = (await operator.get("/api/v1/capabilities")).json()
    assert (told["kind"], told["version"], told["dialect"]) == (kind, version, dialect)
    assert told["organization"] == "acme"


@pytest.mark.parametrize("profile", ["sentry-9.1"])
async def test_capabilities_name_where_calls_go_and_what_does_not_work(
    box: SandboxTransport, operator: Visitor
) -> None:
    """An old server's limits, each with what to do."""
    issue = await an_issue(box)
    await operator.get(f"/api/v1/issues/{issue}")
    told = (await operator.get("/api/v1/capabilities")).json()
    addresses = {row["name"]: row for row in told["addresses"]}
    assert addresses["organization_issue"]["state"] == "missing"
    assert addresses["organization_issue"]["answered_by"] == "/api/0/issues/{issue_id}/"
    assert any("escalate" in row["what"] and row["remedy"] for row in told["limitations"])
    assert told["translations"] == [
        {"operation": f"GET {ORG.replace('acme', '{organization_id_or_slug}')}/issues/{{issue_id}}/",
         "address": "organization_issue", "calls": 1}
    ]  # fmt: skip


@pytest.mark.parametrize("profile", ["saas"])
async def test_what_sentry_announces_is_listed_passed_on_and_survives_a_brownout(
    box: SandboxTransport, operator: Visitor, owner_of_box: Visitor
) -> None:
    """The old client gets its answer and the standard words; the operator sees what is going."""
    issue = await an_issue(box)
    standing(box.sandbox).brownouts = "permanent"
    answer = await owner_of_box.get(f"/api/0/issues/{issue}/")
    assert (answer.status, answer.json()["id"]) == (200, issue)
    assert answer.headers["deprecation"].startswith("@")
    assert "GMT" in answer.headers["sunset"]
    assert 'rel="successor-version"' in answer.headers["link"]
    told = (await operator.get("/api/v1/capabilities")).json()
    (row,) = [row for row in told["deprecations"] if row["operation"] == "GET /api/0/issues/{issue_id}/"]
    assert (row["date"][:10], row["brownouts"]) == ("2024-11-18", 1)
    metrics = (await operator.get("/metrics")).body.decode()
    assert 'dexter_deprecated_answers_total{brownout="true",operation="GET /api/0/issues/{issue_id}/"} 1' in metrics
    assert 'dexter_translated_calls_total{address="issue",operation="GET /api/0/issues/{issue_id}/"' in metrics


@pytest.fixture
def owner_of_box(visitor: Callable[..., Visitor]) -> Visitor:
    """A Sentry client with a token of its own."""
    return visitor(authorization=f"Bearer {OWNER}")


async def test_drift_is_listed_by_operation_and_field(
    box: SandboxTransport, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that went missing shows before anybody's client breaks."""
    from dexter.sandbox.api import index

    monkeypatch.setattr(index, "json_reply", lambda _: index_without_version())
    await operator.get(ORG + "/projects/")
    await operator.get("/api/0/")
    for _ in range(20):
        told = (await operator.get("/api/v1/drift")).json()
        if any(row["operation"] == "GET /api/0/" for row in told["checked"]):
            break
    (row,) = told["drifted"]
    assert (row["operation"], row["field"], row["fault"], row["count"]) == ("GET /api/0/", "version", "missing", 1)
    assert {"operation": "GET /api/0/", "replies": 1} in told["checked"]


def index_without_version() -> Any:
    from dexter.sandbox.replies import json_reply

    return json_reply({"auth": None, "user": None})


async def test_drift_is_for_operators_and_capabilities_for_anybody_with_a_credential(
    operator: Visitor, owner_of_box: Visitor, stranger: Visitor
) -> None:
    """Both are about Sentry; what was seen of other callers' replies is the operator's."""
    assert (await operator.get("/api/v1/drift")).status == 200
    assert (await owner_of_box.get("/api/v1/drift")).status == 403
    assert (await owner_of_box.get("/api/v1/capabilities")).status == 200
    assert (await stranger.get("/api/v1/capabilities")).status == 401


@pytest.mark.parametrize("profile", ["sentry-9.1"])
async def test_what_an_old_server_cannot_do_is_501_with_a_remedy(box: SandboxTransport, operator: Visitor) -> None:
    """On both faces, each in its own form."""
    issue = await an_issue(box)
    body = {"status": "archived", "archive": {"mode": "until_escalating"}}
    refused = await operator.send("PUT", f"/api/v1/issues/{issue}", body)
    assert (refused.status, refused.json()["type"]) == (501, "urn:dexter:problem:not-in-this-sentry")
    assert "duration" in refused.json()["remedy"]
    plain = await operator.get(f"{ORG}/issues/?query=is:for_review")
    assert (plain.status, "for_review" in plain.json()["detail"]) == (501, True)
