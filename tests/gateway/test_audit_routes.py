"""The audit log as administrators see it, filled by the real faces."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok

from dexter.gateway import audit_routes

if TYPE_CHECKING:
    from tests.gateway.conftest import Visitor

ISSUE = b'{"id":"42","status":"resolved","project":{"slug":"shop"}}'


@pytest.fixture
async def changed(operator: Visitor, owner: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """Some changes, a minute apart, through several faces."""
    sentry.will(ok(ISSUE))
    for visitor, method, target, body in (
        (operator, "PUT", "/api/v1/issues/42", {"status": "resolved"}),
        (operator, "PUT", "/api/0/organizations/acme/issues/43/", {"status": "resolved"}),
        (operator, "PUT", "/api/v1/issues/42", {"nonsense": 1}),
        (owner, "PUT", "/api/v1/issues/44", {"status": "resolved"}),
    ):
        await visitor.send(method, target, body)
        clock.pass_s(60)


async def rows(visitor: Visitor, query: str = "") -> list[dict[str, Any]]:
    response = await visitor.get(f"/api/v1/audit{query}")
    assert response.status == 200, response.body
    data: list[dict[str, Any]] = response.json()["data"]
    return data


@pytest.mark.usefixtures("changed")
async def test_every_change_through_every_face_is_there(operator: Visitor) -> None:
    """The newest first; Sentry's own addresses under the names of their operations."""
    told = [(row["action"], row["target"]["id"], row["outcome"]) for row in await rows(operator)]
    assert told[0] == ("issues.update", "44", "done")
    assert told[1] == ("issues.update", "42", "refused")
    assert told[2][1:] == ("43", "done")
    assert told[2][0] not in ("", "*", "unknown")
    assert told[3] == ("issues.update", "42", "done")


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ("?issue=42", ["42", "42"]),
        ("?action=issues.update", ["44", "42", "42"]),
        ("?action=issues", ["44", "42", "42"]),
        ("?person=Administrator", ["42", "43", "42"]),
        ("?person=nobody", []),
        ("?face=api", ["44", "42", "43", "42"]),
        ("?face=workbench", []),
        ("?organization=acme", ["44", "42", "43", "42"]),
        ("?since=2023-11-14T22:15:00Z", ["44", "42"]),
        ("?until=2023-11-14T22:15:00Z&issue=42", ["42"]),
        ("?since=2023-11-15T00:15:00%2B02:00", ["44", "42"]),
    ],
)
async def test_it_is_searched_by_what_people_ask(operator: Visitor, query: str, targets: list[str]) -> None:
    """Who did this to that issue, and when."""
    assert [row["target"]["id"] for row in await rows(operator, query)] == targets


@pytest.mark.usefixtures("changed")
async def test_pages_follow_each_other(operator: Visitor) -> None:
    """What is written meanwhile does not move what is being read."""
    first = (await operator.get("/api/v1/audit?limit=3")).json()
    cursor = first["pagination"]["next"]["cursor"]
    await operator.send("PUT", "/api/v1/issues/45", {"status": "resolved"})
    second = (await operator.get(f"/api/v1/audit?limit=3&cursor={cursor}")).json()
    assert [row["target"]["id"] for row in first["data"] + second["data"]] == ["44", "42", "43", "42"]
    assert second["pagination"] == {"next": None, "prev": None}


@pytest.mark.parametrize("query", ["?cursor=x", "?cursor=-1", "?limit=0", "?face=x", "?since=yesterday", "?who=me"])
async def test_what_it_does_not_take_is_told(operator: Visitor, query: str) -> None:
    """A filter that is ignored answers another question."""
    assert (await operator.get(f"/api/v1/audit{query}")).status == 400


async def test_it_is_for_administrators(owner: Visitor, stranger: Visitor) -> None:
    """It says of people what they did."""
    for target in ("/api/v1/audit", "/api/v1/audit/export"):
        assert (await owner.get(target)).status == 403
        assert (await stranger.get(target)).status == 401


@pytest.mark.usefixtures("changed")
async def test_as_a_table_it_is_safe_and_whole(operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened in a spreadsheet by whoever audits."""
    monkeypatch.setattr(audit_routes, "BATCH", 3)
    response = await operator.get("/api/v1/audit/export?format=csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith('attachment; filename="audit-')
    table = list(csv.DictReader(io.StringIO(response.body.decode())))
    assert [row["target_id"] for row in table] == ["44", "42", "43", "42"]
    assert table[3]["person"] == "Administrator"


@pytest.mark.usefixtures("changed")
async def test_as_lines_it_is_what_the_page_says(operator: Visitor) -> None:
    """Whoever ships it to a log store reads the same fields."""
    response = await operator.get("/api/v1/audit/export?format=ndjson&issue=42")
    assert [json.loads(line) for line in response.body.splitlines()] == await rows(operator, "?issue=42")


async def test_a_change_with_a_key_is_done_and_told_of_once(operator: Visitor, sentry: SentryDouble) -> None:
    """Through the real face: the workbench sends a key with every change it may have to repeat."""
    sentry.will(ok(ISSUE))
    key = {"idempotency-key": "one"}
    first = await operator.send("PUT", "/api/v1/issues/42", {"status": "resolved"}, headers=key)
    calls = len(sentry.calls)
    again = await operator.send("PUT", "/api/v1/issues/42", {"status": "resolved"}, headers=key)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotent-replay"] == "true"
    assert len(sentry.calls) == calls
    assert len(await rows(operator, "?issue=42")) == 1
    other = await operator.send("PUT", "/api/v1/issues/42", {"status": "unresolved"}, headers=key)
    assert (other.status, other.json()["context"]) == (422, "issues.update")


async def test_a_sign_in_names_who_it_was(stranger: Visitor, operator: Visitor) -> None:
    """The screen said that nobody known had signed in."""
    signed_in = await stranger.send("POST", "/api/v1/session", {"token": "dexter-access-token"})
    assert signed_in.status == 200
    (row,) = await rows(operator, "?action=session.open")
    assert (row["person"]["name"], row["face"]) == ("Administrator", "workbench")
