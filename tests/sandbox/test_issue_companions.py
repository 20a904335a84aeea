"""What stands beside an issue: files, what people said, releases; and the searches that people keep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.issue_births import ISSUES, born

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

ID = "a" * 32
FILES = f"/api/0/projects/acme/shop-api/events/{ID}/attachments/"
FEEDBACK = "/api/0/projects/acme/shop-api/user-feedback/"
ORG = "/api/0/organizations/acme"


async def with_file(box: Box, name: str = "page.html", content: bytes = b"<script>alert(1)</script>") -> int:
    issue = await born(box, "KeyError", event_id=ID)
    project, key = box.key()
    header = {"type": "attachment", "length": len(content), "filename": name, "content_type": "text/html"}
    body = b"\n".join((json.dumps({"event_id": ID}).encode(), json.dumps(header).encode(), content))
    reply = await box.http.post(f"/api/{project}/envelope/?sentry_key={key}&sentry_version=7", body=body)
    assert reply.status == 200, reply.body
    return issue


async def test_files_of_an_event_are_listed_and_saved_not_shown(box: Box) -> None:
    """A file from an event is a stranger's: downloading it must never run it in a browser."""
    issue = await with_file(box)
    [listed] = (await box.http.get(FILES)).data
    assert (listed["name"], listed["mimetype"], listed["size"]) == ("page.html", "text/html", 25)
    assert (await box.http.get(f"{FILES}{listed['id']}/")).data == listed
    saved = await box.http.get(f"{FILES}{listed['id']}/?download=1")
    assert saved.body == b"<script>alert(1)</script>"
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert [item["id"] for item in (await box.http.get(f"{ISSUES}{issue}/attachments/")).data] == [listed["id"]]
    [item] = (await box.http.get(ISSUES, query={"expand": "latestEventHasAttachments"})).data
    assert item["latestEventHasAttachments"] is True


async def test_a_files_name_cannot_break_the_header(box: Box) -> None:
    """Quotes and line breaks in a name would add header fields of a stranger's choice."""
    await with_file(box, 'a"\r\nX-Evil: 1\\.txt')
    [listed] = (await box.http.get(FILES)).data
    saved = await box.http.get(f"{FILES}{listed['id']}/?download")
    assert saved.headers["content-disposition"] == 'attachment; filename="aX-Evil: 1.txt"'


@pytest.mark.parametrize("url", [f"{FILES}999/", f"{FILES}x/", FILES.replace(ID, "nonsense")])
async def test_unknown_file_is_404(box: Box, url: str) -> None:
    """No file is no file, whatever was written in its place."""
    await with_file(box)
    assert (await box.http.get(url)).status == 404


async def test_feedback_reaches_the_issue(box: Box) -> None:
    """What a person said about an error is read on its issue."""
    issue = await born(box, "KeyError", event_id=ID)
    body = {"event_id": ID, "name": "Jo", "email": "jo@example.com", "comments": "It broke"}
    made = (await box.http.post(FEEDBACK, body)).data
    assert made["issue"]["id"] == str(issue)
    assert [item["comments"] for item in (await box.http.get(f"{ISSUES}{issue}/user-reports/")).data] == ["It broke"]
    assert [item["id"] for item in (await box.http.get(FEEDBACK)).data] == [made["id"]]
    assert (await box.http.get(f"{ISSUES}{issue}/")).data["userReportCount"] == 1
    assert (await box.http.get(f"{ISSUES}{issue}/events/{ID}/")).data["userReport"]["name"] == "Jo"
    refused = await box.http.post(FEEDBACK, {"event_id": "x", "name": "Jo"})
    assert (refused.status, set(refused.data)) == (400, {"event_id", "email", "comments"})


async def test_first_last_and_current_release(box: Box) -> None:
    """Triage asks since when an issue exists and whether the newest release still has it."""
    issue = await born(box, "KeyError", release="shop@1.0")
    box.clock.tick(60)
    await born(box, "KeyError", release="shop@2.0")
    releases = (await box.http.get(f"{ISSUES}{issue}/first-last-release/")).data
    assert (releases["firstRelease"]["version"], releases["lastRelease"]["version"]) == ("shop@1.0", "shop@2.0")
    current = (await box.http.get(f"{ISSUES}{issue}/current-release/")).data["currentRelease"]
    assert current["release"]["version"] == "shop@2.0"
    other = await born(box, "Other")
    assert (await box.http.get(f"{ISSUES}{other}/current-release/")).data == {"currentRelease": None}


async def test_search_is_saved_changed_pinned_and_deleted(box: Box) -> None:
    """Saved searches are how a team shares its views."""
    body: dict[str, Any] = {"type": 0, "name": "Mine", "query": "is:unresolved assigned:me", "sort": "freq"}
    saved = (await box.http.post(f"{ORG}/searches/", body)).data
    assert (saved["visibility"], saved["isPinned"]) == ("owner", False)
    assert (await box.http.post(f"{ORG}/searches/", body)).status == 400
    changed = await box.http.put(f"{ORG}/searches/{saved['id']}/", {**body, "visibility": "organization"})
    assert changed.data["visibility"] == "organization"
    pinned = await box.http.put(f"{ORG}/pinned-searches/", {"type": 0, "query": "is:new", "sort": "date"})
    assert (pinned.status, pinned.data["isPinned"]) == (201, True)
    await box.http.put(f"{ORG}/pinned-searches/", {"type": 0, "query": "is:regressed"})
    listed = (await box.http.get(f"{ORG}/searches/?type=0")).data
    assert [item["query"] for item in listed] == ["is:regressed", "is:unresolved assigned:me"]
    assert (await box.http.delete(f"{ORG}/pinned-searches/", data={"type": 0})).status == 204
    assert (await box.http.delete(f"{ORG}/searches/{saved['id']}/")).status == 204
    assert (await box.http.get(f"{ORG}/searches/")).data == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": 0, "query": "is:new"}, "name"),
        ({"type": 0, "name": "x"}, "query"),
        ({"type": 9, "name": "x", "query": "is:new"}, "type"),
        ({"type": 0, "name": "x", "query": "is:new", "sort": "chaos"}, "sort"),
        ({"type": 0, "name": "x", "query": "is:new", "visibility": "world"}, "visibility"),
        ({"type": 0, "name": "x", "query": "a OR b"}, "detail"),
    ],
)
async def test_bad_search_is_not_saved(box: Box, body: dict[str, Any], field: str) -> None:
    """A search that could never run is refused when it is saved, not when it is used."""
    reply = await box.http.post(f"{ORG}/searches/", body)
    assert reply.status == 400
    assert field in reply.data
    assert (await box.http.get(f"{ORG}/searches/")).data == []


async def test_recent_searches_come_latest_first(box: Box) -> None:
    """Asking again moves a search up instead of listing it twice."""
    for query in ("is:new", "is:regressed"):
        assert (await box.http.post(f"{ORG}/recent-searches/", {"type": 0, "query": query})).status == 201
        box.clock.tick(1)
    assert (await box.http.post(f"{ORG}/recent-searches/", {"type": 0, "query": "is:new"})).status == 204
    listed = (await box.http.get(f"{ORG}/recent-searches/?type=0")).data
    assert [item["query"] for item in listed] == ["is:new", "is:regressed"]
