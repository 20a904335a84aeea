"""Every address of an earlier Dexter: the fields its callers read are there, and the answer says what replaces it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dexter.gateway.legacy.contract import FIRST, ROWS, SECOND

if TYPE_CHECKING:
    from tests.gateway.legacy.conftest import Client

    from dexter.gateway.legacy.contract import Row

pytestmark = pytest.mark.breadth

ISSUE_SUMMARY = {
    "id", "shortId", "title", "culprit", "level", "status", "isBookmarked", "isPublic", "hasSeen", "count",
    "userCount", "firstSeen", "lastSeen", "project", "metadata", "platform",
}  # fmt: skip
EVENT_DETAIL = {
    "eventID", "id", "title", "message", "platform", "dateCreated", "dateReceived", "user", "contexts", "sdk",
    "entries", "tags", "errors",
}  # fmt: skip
PAGE = {"data", "pagination", "meta"}

READS: dict[str, tuple[str, set[str]]] = {
    "/api/v1/status": (
        "/api/v1/status",
        {"sentry_api_token_configured", "ollama_connection_status", "ollama_model_configured"},
    ),
    "/api/v1/organizations/{o}/projects/{p}/issues": (
        "/api/v1/organizations/acme/projects/{project}/issues?status=unresolved&query=&cursor=",
        PAGE,
    ),
    "/api/v1/organizations/{o}/issues/{id}": ("/api/v1/organizations/acme/issues/{issue}", ISSUE_SUMMARY),
    "/api/v1/organizations/{o}/projects/{p}/events/{event_id}": (
        "/api/v1/organizations/acme/projects/{project}/events/{event}",
        EVENT_DETAIL | {"dexterParsedDeadlock"},
    ),
    "/api/v1/organizations/{o}/issues/{id}/events": ("/api/v1/organizations/acme/issues/{issue}/events", PAGE),
    "/api/v1/organizations/{o}/issues/{id}/events/{event_id}": (
        "/api/v1/organizations/acme/issues/{issue}/events/{event}",
        EVENT_DETAIL,
    ),
    "/api/v1/organizations/{o}/issues/{id}/latest-event": (
        "/api/v1/organizations/acme/issues/{issue}/latest-event",
        EVENT_DETAIL,
    ),
    "/api/v1/models": ("/api/v1/models", {"models", "current_model", "ollama_status", "error"}),
    "/api/v1/0.2/issues": (
        "/api/v1/0.2/issues?per_page=10&stats_period=14d&page=1&sort=lastSeen&sort_direction=desc",
        {"issues", "items", "count", "links", "meta"},
    ),
    "/api/v1/issue/{id}/events": ("/api/v1/issue/{issue}/events?limit=5", {"events", "links", "meta"}),
    "/api/v1/events": ("/api/v1/events?limit=5", {"events", "links", "meta"}),
    "/api/v1/user/{user_id}/events": ("/api/v1/user/42/events", {"events", "links", "meta"}),
    "/api/v1/event/{event_id}": ("/api/v1/event/{event}", EVENT_DETAIL),
    "/api/v1/analytics/issues/{id}/impact": (
        "/api/v1/analytics/issues/{issue}/impact?stats_period=24h",
        {"issueId", "userCount", "sessionCount", "eventCount", "firstSeen", "lastSeen", "stats", "statsPeriod"},
    ),
    "/api/v1/analytics/issues/{id}/frequency": (
        "/api/v1/analytics/issues/{issue}/frequency?stats_period=7d&interval=1h",
        {"issueId", "statsPeriod", "interval", "data"},
    ),
    "/api/v1/analytics/issues/{id}/tags": (
        "/api/v1/analytics/issues/{issue}/tags",
        {"issueId", "tags", "tagsByCategory"},
    ),
    "/api/v1/{o}/issues": ("/api/v1/acme/issues", set()),
    "/api/v1/{o}/issues/{id}": ("/api/v1/acme/issues/{issue}", ISSUE_SUMMARY),
    "/api/v1/{o}/issues/{id}/tags": ("/api/v1/acme/issues/{issue}/tags", set()),
}
WRITES: dict[tuple[str, str], tuple[str, object, int]] = {
    ("PUT", "/api/v1/issues/{id}/status"): ("/api/v1/issues/{issue}/status", {"status": "resolved"}, 200),
    ("PUT", "/api/v1/issues/{id}/assign"): ("/api/v1/issues/{issue}/assign", {"assignee": None}, 200),
    ("PUT", "/api/v1/{o}/issues/{id}/status"): ("/api/v1/acme/issues/{issue}/status", {"status": "unresolved"}, 200),
    ("PUT", "/api/v1/{o}/issues/{id}/assign"): ("/api/v1/acme/issues/{issue}/assign", {"id": ""}, 200),
    ("POST", "/api/v1/{o}/issues/{id}/tags"): ("/api/v1/acme/issues/{issue}/tags", {"tags": ["a"]}, 400),
    ("PUT", "/api/v1/{o}/projects/{p}/issues"): (
        "/api/v1/acme/projects/{project}/issues?id={issue}",
        {"status": "resolved"},
        200,
    ),
    ("POST", "/api/v1/issues/bulk"): (
        "/api/v1/issues/bulk",
        [{"issue_id": "{issue}", "operation_type": "status", "data": {"status": "resolved"}}],
        200,
    ),
    ("POST", "/api/v1/models/pull/{name}"): ("/api/v1/models/pull/llama3:8b", None, 503),
    ("POST", "/api/v1/models/select"): ("/api/v1/models/select", {"model_name": "llama3"}, 503),
    ("POST", "/api/v1/explain"): ("/api/v1/explain", {"error_type": "ValueError", "error_message": "x"}, 503),
}
ELSEWHERE = {("GET", "/api/v1/config"), ("PUT", "/api/v1/config"), ("GET", "/api/v1/{o}/projects/{p}/issues/export")}
"""Rows whose cases are in files of their own."""


def test_every_row_of_the_contract_has_a_case() -> None:
    """A row without one could vanish unseen."""
    cases = {("GET", template) for template in READS} | set(WRITES) | ELSEWHERE
    assert {(row.method, row.template) for row in ROWS} == cases


@pytest.mark.parametrize("row", [row for row in ROWS if row.template in READS and row.method == "GET"], ids=str)
async def test_a_read_answers_at_its_old_address_with_its_old_fields(client: Client, row: Row) -> None:
    target, fields = READS[row.template]
    event = await client.event() if "{event}" in target else ""
    response = await client.get(target.format(issue=client.issue, project=client.project, event=event))
    assert response.status == 200, response.body
    assert not fields or fields <= set(response.json())
    _is_signed(response.headers, row.version)


@pytest.mark.parametrize("row", [row for row in ROWS if (row.method, row.template) in WRITES], ids=str)
async def test_a_write_answers_at_its_old_address(client: Client, row: Row) -> None:
    target, body, status = WRITES[row.method, row.template]
    if isinstance(body, list):
        body = [{**each, "issue_id": client.issue} for each in body]
    response = await client.send(row.method, target.format(issue=client.issue, project=client.project), body)
    assert response.status == status, response.body
    if status >= 400:
        assert {"detail", "code", "error_id"} <= set(response.json())
    _is_signed(response.headers, row.version)


def _is_signed(headers: dict[str, str], version: str) -> None:
    assert headers["deprecation"].startswith("@")
    assert headers["sunset"].endswith("GMT")
    assert 'rel="successor-version"' in headers["link"]
    assert headers["x-dexter-api-version"] == version


async def test_a_status_change_reaches_sentry_as_an_update_of_that_one_issue(client: Client) -> None:
    """Sentry's bulk address could change other issues."""
    response = await client.send(
        "PUT", f"/api/v1/issues/{client.issue}/status", {"status": "ignored", "ignoreDuration": 60}
    )
    assert response.json()["status"] == "ignored"
    assert response.json()["statusDetails"]["ignoreUntil"]
    assert client.upstream_writes() == [f"PUT /api/0/organizations/acme/issues/{client.issue}/"]


async def test_a_bulk_change_says_of_each_what_became_of_it(client: Client) -> None:
    """One that does not exist fails by itself."""
    operations = [
        {"issue_id": client.issue, "operation_type": "status", "data": {"status": "resolved"}},
        {"issue_id": 999999999, "operation_type": "status", "data": {"status": "resolved"}},
        {"issue_id": client.issue, "operation_type": "tag", "data": {"tags": ["a"]}},
        {"issue_id": client.issue, "operation_type": "assign", "data": {"assignee": "user:nobody at all"}},
    ]
    told = (await client.send("POST", "/api/v1/issues/bulk", operations)).json()
    assert (told["total"], told["succeeded"], told["failed"]) == (4, 1, 3)
    assert [each["issue_id"] for each in told["results"]] == [client.issue]
    assert [each["status"] for each in told["errors"]] == [404, 400, 400]


async def test_a_list_can_be_asked_for_in_its_second_shape_by_version(client: Client) -> None:
    second = await client.get("/api/v1/issues?per_page=5", {"x-dexter-api-version": SECOND})
    assert second.json()["count"] == len(second.json()["issues"]) == 5
    assert second.json()["meta"]["per_page"] == 5
    first = await client.get("/api/v1/issues?per_page=5", {"x-dexter-api-version": FIRST})
    assert len(first.json()["data"]) == 5
    today = await client.get("/api/v1/issues?limit=5")
    assert today.headers["x-dexter-api-version"] == "1"
    assert "deprecation" not in today.headers


async def test_an_unknown_version_is_refused_by_name(client: Client) -> None:
    response = await client.get("/api/v1/issues", {"x-dexter-api-version": "7"})
    assert response.status == 400
    assert "0.1, 0.2, 1" in response.json()["detail"]


async def test_numbered_pages_are_the_cursors_pages(client: Client) -> None:
    """A numbered page shows what the same walk by cursors shows, and the last one has no next."""
    walked: list[str] = []
    cursor = ""
    while True:
        page = (await client.get(f"/api/v1/issues?limit=20&status=all&cursor={cursor}")).json()
        walked += [issue["id"] for issue in page["data"]]
        if page["pagination"]["next"] is None:
            break
        cursor = page["pagination"]["next"]["cursor"]
    numbered: list[str] = []
    target = "/api/v1/issues?per_page=20&status=all&page=1"
    while target is not None:
        page = (await client.get(target, {"x-dexter-api-version": SECOND})).json()
        numbered += [issue["id"] for issue in page["issues"]]
        target = page["links"]["next"]
    assert numbered == walked


async def test_older_spellings_mean_the_same(client: Client) -> None:
    old = await client.get("/api/v1/issues?stats_period=14d&per_page=7&status=ignored&sort=count")
    new = await client.get("/api/v1/issues?period=14d&limit=7&status=archived&sort=freq")
    assert [issue["id"] for issue in old.json()["data"]] == [issue["id"] for issue in new.json()["data"]]
    assert old.headers["x-dexter-api-version"] == FIRST


async def test_ascending_order_is_refused_not_ignored(client: Client) -> None:
    response = await client.get("/api/v1/issues?sort_direction=asc")
    assert response.status == 400
    assert response.json()["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/issues?sort_direction=asc",
        "/api/v1/acme/issues?sort_direction=asc",
        "/api/v1/organizations/acme/projects/{project}/issues?sort_direction=asc",
        "/api/v1/organizations/acme/projects/{project}/issues?page=2",
        "/api/v1/acme/projects/{project}/issues/export?page=2",
    ],
)
async def test_what_is_refused_is_refused_at_every_list_and_signed(client: Client, target: str) -> None:
    """A page number that is passed over gives the first page for ever, to a script that counts until there is none."""
    response = await client.get(target.format(project=client.project))
    assert response.status == 400, response.body
    assert response.headers["deprecation"]
    assert response.headers["x-dexter-api-version"] in (FIRST, SECOND)


async def test_a_numbered_page_of_the_plain_list_is_that_page(client: Client) -> None:
    """It was the first one, whatever was asked for."""
    pages = [(await client.get(f"/api/v1/acme/issues?per_page=5&page={number}")).json() for number in (1, 2)]
    assert {issue["id"] for issue in pages[0]}.isdisjoint(issue["id"] for issue in pages[1])


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/v1/0.2/issues?organization_slug=nope", 404),
        ("/api/v1/issues?organization_slug=nope&page=2", 404),
        ("/api/v1/acme/issues?organization=nope", 400),
    ],
)
async def test_another_organization_is_never_answered_with_the_configured_one(
    client: Client, target: str, status: int
) -> None:
    """Its older name was passed over, and the issues of another organization came back."""
    assert (await client.get(target)).status == status


async def test_a_missing_issue_is_404_and_not_made_up(client: Client) -> None:
    """An earlier Dexter answered 200 with a fabricated issue."""
    response = await client.get("/api/v1/organizations/acme/issues/999999999")
    assert response.status == 404
    assert response.json()["code"] == "NOT_FOUND"
    _is_signed(response.headers, FIRST)


async def test_a_status_that_does_not_exist_tells_of_itself_and_of_nothing_inside(client: Client) -> None:
    """An earlier Dexter answered 502 and leaked a Python error."""
    response = await client.send("PUT", f"/api/v1/issues/{client.issue}/status", {"status": "gone"})
    assert response.status == 422
    assert response.json()["code"] == "VALIDATION_ERROR"
    assert "object has no attribute" not in response.body.decode()


async def test_a_read_tells_of_the_cache_as_of_old(client: Client) -> None:
    target = f"/api/v1/organizations/acme/projects/{client.project}/issues"
    assert (await client.get(target)).headers["x-cache"] == "MISS"
    assert (await client.get(target)).headers["x-cache"] == "HIT"


async def test_resolving_is_seen_in_the_old_list_at_once(client: Client) -> None:
    """An earlier Dexter showed the issue as unresolved for up to five minutes."""
    target = f"/api/v1/organizations/acme/projects/{client.project}/issues?status=unresolved"
    assert client.issue in [issue["id"] for issue in (await client.get(target)).json()["data"]]
    await client.send("PUT", f"/api/v1/issues/{client.issue}/status", {"status": "resolved"})
    assert client.issue not in [issue["id"] for issue in (await client.get(target)).json()["data"]]


async def test_a_text_does_not_override_the_status_filter(client: Client) -> None:
    response = await client.get("/api/v1/issues?status=resolved&query=error")
    assert response.json()["meta"]["query"] == "is:resolved error"


async def test_the_front_door_gives_scripts_a_message_and_browsers_the_workbench(client: Client) -> None:
    assert set((await client.get("/")).json()) == {"message"}
    browser = await client.get("/", {"accept": "text/html,application/xhtml+xml"})
    assert browser.headers["content-type"].startswith("text/html")


async def test_health_is_as_it_was(client: Client) -> None:
    assert (await client.get("/health")).json()["status"] == "ok"


def test_no_address_is_doubled() -> None:
    """An earlier Dexter mounted `/api/v1/issues/issues/bulk` and the like."""
    for row in ROWS:
        segments = row.template.split("/")
        assert all(one != other for one, other in pairwise(segments)), row


def test_the_page_lists_every_address() -> None:
    """Whoever meets a Deprecation header looks there."""
    page = (Path(__file__).parents[3] / "docs" / "earlier-addresses.md").read_text()
    for row in ROWS:
        assert f"| {row.version} | `{row.method} {row.template}` | `{row.successor}` |" in page
