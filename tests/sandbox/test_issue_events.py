"""Events of issues and projects, their neighbours, their tags, what was said about them, and how often they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.issue_births import ISSUES, born

from dexter.sandbox.auth import store_token

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

IDS = ["a" * 32, "b" * 32, "c" * 32]


async def three_events(box: Box) -> int:
    issue = 0
    for event_id, environment in zip(IDS, ("production", "production", "staging"), strict=True):
        issue = await born(
            box, "KeyError", event_id=event_id, environment=environment, tags={"color": event_id[0]}, user={"id": "7"}
        )
        box.clock.tick(60)
    return issue


@pytest.mark.parametrize(
    ("name", "event_id", "older", "newer"),
    [
        ("latest", IDS[2], IDS[1], None),
        ("oldest", IDS[0], None, IDS[1]),
        ("recommended", IDS[2], IDS[1], None),
        (IDS[1], IDS[1], IDS[0], IDS[2]),
        ("b" * 8 + "-bbbb-bbbb-bbbb-" + "b" * 12, IDS[1], IDS[0], IDS[2]),
    ],
)
async def test_event_and_its_neighbours(box: Box, name: str, event_id: str, older: str, newer: str) -> None:
    """Readers step through an issue's events by these ids."""
    issue = await three_events(box)
    event = (await box.http.get(f"{ISSUES}{issue}/events/{name}/")).data
    assert (event["eventID"], event["previousEventID"], event["nextEventID"]) == (event_id, older, newer)
    assert event["groupID"] == str(issue)


@pytest.mark.parametrize("name", ["f" * 32, "nonsense"])
async def test_unknown_event_is_404(box: Box, name: str) -> None:
    """An id of no event, and what is no id, both say that nothing is there."""
    issue = await three_events(box)
    assert (await box.http.get(f"{ISSUES}{issue}/events/{name}/")).status == 404


async def test_environment_narrows_the_latest_event(box: Box) -> None:
    """The newest event of an environment is not the newest of all."""
    issue = await three_events(box)
    event = (await box.http.get(f"{ISSUES}{issue}/events/latest/?environment=production")).data
    assert (event["eventID"], event["nextEventID"]) == (IDS[1], None)


async def test_event_shows_its_parts_as_sentry_does(box: Box) -> None:
    """The issue page reads frames, breadcrumbs and the request from these entries."""
    issue = await born(
        box, "KeyError", breadcrumbs={"values": [{"timestamp": box.clock.now, "category": "http", "message": "GET /"}]},
        request={"url": "https://shop.example/cart?id=1", "method": "GET", "headers": {"Accept": "text/html"}},
        exception={"values": [{"type": "KeyError", "value": "'cart'", "stacktrace": {"frames": [
            {"filename": "lib.py", "function": "call", "in_app": False},
            {"filename": "shop.py", "function": "cart", "lineno": 3, "in_app": True, "pre_context": ["a", "b"],
             "context_line": "c", "post_context": ["d"], "vars": {"x": "1"}}]}}]},
        extra={"order": 5}, sdk={"name": "sentry.python", "version": "2.0"}, modules={"flask": "3.0"},
    )  # fmt: skip
    event = (await box.http.get(f"{ISSUES}{issue}/events/latest/")).data
    entries = {entry["type"]: entry["data"] for entry in event["entries"]}
    frames = entries["exception"]["values"][0]["stacktrace"]["frames"]
    assert [frame["inApp"] for frame in frames] == [False, True]
    assert frames[1]["context"] == [[1, "a"], [2, "b"], [3, "c"], [4, "d"]]
    assert entries["exception"]["hasSystemFrames"] is True
    assert entries["breadcrumbs"]["values"][0]["timestamp"].endswith("Z")
    assert entries["request"]["query"] == [["id", "1"]]
    assert entries["request"]["url"] == "https://shop.example/cart"
    assert event["context"] == {"order": 5}
    assert event["packages"] == {"flask": "3.0"}
    assert event["metadata"]["type"] == "KeyError"
    assert {"key": "level", "value": "error"} in event["tags"]


async def test_events_of_an_issue_page_by_offset(box: Box) -> None:
    """Newest first, with a next page that ends."""
    issue = await three_events(box)
    reply = await box.http.get(f"{ISSUES}{issue}/events/?per_page=2")
    assert [event["eventID"] for event in reply.data] == [IDS[2], IDS[1]]
    assert "entries" not in reply.data[0]
    assert reply.data[0]["event.type"] == "error"
    assert 'rel="next"; results="true"; cursor="0:2:0"' in reply.headers["link"]
    rest = await box.http.get(f"{ISSUES}{issue}/events/?per_page=2&cursor=0:2:0")
    assert [event["eventID"] for event in rest.data] == [IDS[0]]
    assert 'rel="next"; results="false"' in rest.headers["link"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"query": "color:a"}, [IDS[0]]),
        ({"query": "!color:a"}, [IDS[2], IDS[1]]),
        ({"query": "environment:staging"}, [IDS[2]]),
        ({"query": "environment:prod*"}, [IDS[1], IDS[0]]),
        ({"query": "user.id:7"}, IDS[::-1]),
        ({"query": "KeyError"}, IDS[::-1]),
        ({"query": "has:release"}, []),
        ({"environment": "staging"}, [IDS[2]]),
        ({"statsPeriod": "90s"}, [IDS[2]]),
    ],
)
async def test_events_are_searched(box: Box, query: dict[str, str], expected: list[str]) -> None:
    """Within an issue, the same language finds events."""
    issue = await three_events(box)
    reply = await box.http.get(f"{ISSUES}{issue}/events/", query=query)
    assert [event["eventID"] for event in reply.data] == expected


async def test_whole_events_come_ten_at_most(box: Box) -> None:
    """full=true adds the entries and limits the page, however much was asked for."""
    issue = 0
    for _ in range(12):
        issue = await born(box, "KeyError")
    reply = await box.http.get(f"{ISSUES}{issue}/events/?full=true&per_page=50")
    assert len(reply.data) == 10
    assert reply.data[0]["entries"]


async def test_too_large_a_page_is_refused(box: Box) -> None:
    """per_page over 100 is an error here, other than the list's limit."""
    issue = await three_events(box)
    reply = await box.http.get(f"{ISSUES}{issue}/events/?per_page=101")
    assert (reply.status, reply.data["detail"]) == (400, "Invalid per_page value. Cannot exceed 100.")


async def test_project_events_and_lookups(box: Box) -> None:
    """An event is found through its project, the organization's lookup, and Discover's address."""
    issue = await three_events(box)
    listed = (await box.http.get("/api/0/projects/acme/shop-api/events/")).data
    assert [event["eventID"] for event in listed] == IDS[::-1]
    event = (await box.http.get(f"/api/0/projects/acme/shop-api/events/{IDS[1]}/")).data
    assert (event["previousEventID"], event["nextEventID"]) == (IDS[0], IDS[2])
    found = (await box.http.get(f"/api/0/organizations/acme/eventids/{IDS[1]}/")).data
    assert (found["groupId"], found["projectSlug"]) == (str(issue), "shop-api")
    assert (await box.http.get(f"/api/0/organizations/acme/events/shop-api:{IDS[1]}/")).data["eventID"] == IDS[1]
    assert (await box.http.get(f"/api/0/organizations/acme/eventids/{'f' * 32}/")).status == 404


async def test_tags_of_an_issue(box: Box) -> None:
    """The tag panel shows each key with totals and its most frequent values."""
    issue = await three_events(box)
    facets = {facet["key"]: facet for facet in (await box.http.get(f"{ISSUES}{issue}/tags/")).data}
    assert facets["environment"]["totalValues"] == 3
    assert facets["environment"]["uniqueValues"] == 2
    assert [(v["value"], v["count"]) for v in facets["environment"]["topValues"]] == [("production", 2), ("staging", 1)]
    one = (await box.http.get(f"{ISSUES}{issue}/tags/environment/")).data
    assert one["topValues"][0]["name"] == "production"
    values = await box.http.get(f"{ISSUES}{issue}/tags/color/values/?sort=count")
    assert {item["value"] for item in values.data} == {"a", "b", "c"}
    assert 'rel="next"; results="false"' in values.headers["link"]
    assert (await box.http.get(f"{ISSUES}{issue}/tags/nothing/")).status == 404


async def test_tags_of_the_organization_and_a_project(box: Box) -> None:
    """Search boxes offer these keys and values."""
    await three_events(box)
    keys = {item["key"]: item for item in (await box.http.get("/api/0/organizations/acme/tags/")).data}
    assert keys["color"]["totalValues"] == 3
    values = (await box.http.get("/api/0/projects/acme/shop-api/tags/environment/values/?query=stag")).data
    assert [item["value"] for item in values] == ["staging"]


async def test_series_of_an_issue(box: Box) -> None:
    """A day by the hour, and any stretch between since and until."""
    issue = await three_events(box)
    points = (await box.http.get(f"{ISSUES}{issue}/stats/")).data
    assert len(points) == 24
    assert sum(count for _, count in points) == 3
    until = int(box.clock.now) + 3600
    since = until - 7200
    points = (await box.http.get(f"{ISSUES}{issue}/stats/?since={since}&until={until}&resolution=1h")).data
    assert [stamp % 3600 for stamp, _ in points] == [0] * len(points)
    detail = (await box.http.get(f"{ISSUES}{issue}/")).data
    assert (len(detail["stats"]["24h"]), len(detail["stats"]["30d"])) == (24, 30)
    assert sum(count for _, count in detail["stats"]["30d"]) == 3


async def test_counts_and_backfilled_stats(box: Box) -> None:
    """A list that collapsed its numbers fetches them afterwards; tabs show how many issues each search has."""
    issue = await three_events(box)
    [item] = (await box.http.get(f"/api/0/organizations/acme/issues-stats/?groups={issue}")).data
    assert (item["id"], item["count"]) == (str(issue), "3")
    assert "title" not in item
    counts = await box.http.get(
        "/api/0/organizations/acme/issues-count/", query={"query": ["is:unresolved", "is:resolved"]}
    )
    assert counts.data == {"is:unresolved": 1, "is:resolved": 0}


async def test_hashes_lead_to_their_latest_event(box: Box) -> None:
    """Unmerging starts from the hashes of an issue."""
    issue = await three_events(box)
    [item] = (await box.http.get(f"{ISSUES}{issue}/hashes/")).data
    assert item["latestEvent"]["eventID"] == IDS[2]


async def test_comment_is_written_changed_and_taken_back(box: Box) -> None:
    """A comment is an activity of type note, counted on the issue."""
    issue = await three_events(box)
    made = await box.http.post(f"{ISSUES}{issue}/comments/", {"text": "on it"})
    assert (made.status, made.data["type"], made.data["data"]) == (201, "note", {"text": "on it"})
    again = await box.http.post(f"{ISSUES}{issue}/notes/", {"text": "on it"})
    assert (again.status, again.data["detail"]) == (400, "You have already posted that comment.")
    assert (await box.http.get(f"{ISSUES}{issue}/")).data["numComments"] == 1
    note = made.data["id"]
    changed = await box.http.put(f"{ISSUES}{issue}/comments/{note}/", {"text": "done"})
    assert changed.data["data"]["text"] == "done"
    assert [item["id"] for item in (await box.http.get(f"{ISSUES}{issue}/comments/")).data] == [note]
    assert (await box.http.delete(f"{ISSUES}{issue}/comments/{note}/")).status == 204
    assert (await box.http.get(f"{ISSUES}{issue}/comments/")).data == []
    assert (await box.http.get(f"{ISSUES}{issue}/")).data["numComments"] == 0


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "  "}, {"text": 5}])
async def test_empty_comment_is_refused(box: Box, body: dict[str, Any]) -> None:
    """A comment without words names its field."""
    issue = await three_events(box)
    reply = await box.http.post(f"{ISSUES}{issue}/comments/", body)
    assert reply.status == 400
    assert "text" in reply.data


async def test_comments_need_a_person(box: Box) -> None:
    """A token that stands for nobody cannot write, and nobody edits what another wrote."""
    issue = await three_events(box)
    store_token(box.db, "machine", name="machine", user_id=None)
    machine = {"authorization": "Bearer machine"}
    assert (await box.http.post(f"{ISSUES}{issue}/comments/", {"text": "hi"}, headers=machine)).status == 403
    made = await box.http.post(f"{ISSUES}{issue}/comments/", {"text": "mine"})
    url = f"{ISSUES}{issue}/comments/{made.data['id']}/"
    user = box.db.insert("INSERT INTO users (username, email, name, date_joined) VALUES ('ada','a@b.c','Ada',0)")
    box.db.run("INSERT INTO members (organization_id, user_id, email, date_created) VALUES (1,?,'a@b.c',0)", user)
    store_token(box.db, "ada", name="ada", user_id=user)
    assert (await box.http.put(url, {"text": "theirs"}, headers={"authorization": "Bearer ada"})).status == 404


async def test_activities_end_with_the_birth(box: Box) -> None:
    """The history always begins at the first event."""
    issue = await three_events(box)
    activity = (await box.http.get(f"{ISSUES}{issue}/activities/")).data["activity"]
    assert [(item["id"], item["type"]) for item in activity] == [("0", "first_seen")]
