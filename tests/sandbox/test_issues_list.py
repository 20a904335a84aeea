"""The issue list: what a search finds, in which order, in which pages, and what each issue shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.issue_births import born

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

LIST = "/api/0/organizations/acme/issues/"


async def listed(box: Box, **query: Any) -> list[int]:
    reply = await box.http.get(LIST, query=query)
    assert reply.status == 200, reply.body
    return [int(item["id"]) for item in reply.data]


async def test_born_issue_is_listed_with_all_a_client_reads(box: Box) -> None:
    """Clients read these fields by name; a missing one is a crash in somebody's script."""
    issue = await born(box, "KeyError", environment="production", user={"id": "7"}, release="shop@1.0")
    reply = await box.http.get(LIST)
    assert reply.status == 200
    [item] = reply.data
    assert item["id"] == str(issue)
    assert item["shortId"] == "SHOP-API-1"
    assert item["count"] == "1"
    assert item["userCount"] == 1
    assert item["status"] == "unresolved"
    assert item["substatus"] == "new"
    assert item["project"]["slug"] == "shop-api"
    assert item["permalink"].endswith(f"/organizations/acme/issues/{issue}/")
    assert item["lifetime"]["count"] == "1"
    assert item["filtered"] is None
    assert len(item["stats"]["24h"]) == 24
    assert sum(count for _, count in item["stats"]["24h"]) == 1
    assert reply.headers["x-hits"] == "1"
    assert reply.headers["x-max-hits"] == "1000"


async def test_pages_cover_every_issue_once_and_end(box: Box) -> None:
    """A client that follows rel="next" must see each issue once and must find an end."""
    made = []
    for number in range(7):
        made.append(await born(box, f"Error{number}"))
        if number % 2:
            box.clock.tick(60)
    seen: list[int] = []
    url = f"{LIST}?limit=3"
    for _ in range(10):
        reply = await box.http.get(url)
        seen += [int(item["id"]) for item in reply.data]
        match = re.search(r'<([^>]*)>; rel="next"; results="true"', reply.headers["link"])
        if match is None:
            break
        url = match[1].removeprefix("http://sentry.test")
    assert sorted(seen) == sorted(made)
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"A", "B", "C"}),
        ("is:unresolved", {"A", "B", "C"}),
        ("is:resolved", set()),
        ("level:warning", {"B"}),
        ("!level:warning", {"A", "C"}),
        ("level:[warning, fatal]", {"B", "C"}),
        ("browser:Firefox", {"B"}),
        ("browser:Fire*", {"B"}),
        ("browser:[Firefox, Chrome]", {"A", "B"}),
        ("!browser:Firefox", {"A", "C"}),
        ("has:browser", {"A", "B"}),
        ("!has:browser", {"C"}),
        ("tags[browser]:Chrome", {"A"}),
        ("environment:production", {"A"}),
        ("release:shop@1.0", {"A"}),
        ("release:shop@*", {"A", "B"}),
        ("release:latest", {"B"}),
        ("firstRelease:shop@1.0", {"A"}),
        ("firstRelease:latest", {"B"}),
        ("timesSeen:>1", {"A"}),
        ("timesSeen:<=1", {"B", "C"}),
        ("age:-1h", {"B", "C"}),
        ("age:+1h", {"A"}),
        ("lastSeen:-1h", {"A", "B", "C"}),
        ("error.type:AError", {"A"}),
        ("error.unhandled:1", {"C"}),
        ("title:*BError*", {"B"}),
        ("berror", {"B"}),
        ("message:BError", {"B"}),
        ("nothing like it", set()),
        ("user.email:a@example.com", {"A"}),
        ("user.id:7", {"A"}),
        ("platform:python", {"A", "B", "C"}),
        ("project:shop-api", {"A", "B"}),
        ("!project:shop-api", {"C"}),
        ("issue:SHOP-API-1", {"A"}),
        ("assigned:none", {"A", "B", "C"}),
        ("is:unassigned", {"A", "B", "C"}),
        ("assigned:me", set()),
        ("assigned:[me, none]", {"A", "B", "C"}),
        ("issue.category:error", {"A", "B", "C"}),
        ("issue.category:performance", set()),
        ("issue.priority:[high, medium, low]", {"A", "B", "C"}),
        ("is:for_review", {"A", "B", "C"}),
        ("is:linked", set()),
        ("http.method:POST", {"C"}),
        ("has:http.method", {"C"}),
        ("http.url:*cart", {"C"}),
        ("sdk.name:sentry.python", {"C"}),
        ("level:warning browser:Firefox", {"B"}),
        ("level:warning browser:Chrome", set()),
    ],
)
async def test_query_finds(box: Box, query: str, expected: set[str]) -> None:
    """Each form of Sentry's search language selects what it says."""
    box.clock.tick(-7200)
    first = await born(
        box, "AError", environment="production", release="shop@1.0", user={"id": "7", "email": "a@example.com"},
        tags={"browser": "Chrome"},
    )  # fmt: skip
    box.clock.tick(7200)
    await born(box, "AError", environment="production", release="shop@1.0", tags={"browser": "Chrome"})
    second = await born(box, "BError", level="warning", release="shop@2.0", tags={"browser": "Firefox"})
    third = await born(
        box, "CError", "shop-web", level="fatal",
        exception={"values": [{"type": "CError", "value": "c", "mechanism": {"type": "x", "handled": False}}]},
        request={"method": "POST", "url": "https://shop.example/cart"}, sdk={"name": "sentry.python", "version": "2"},
    )  # fmt: skip
    names = {first: "A", second: "B", third: "C"}
    assert {names[issue] for issue in await listed(box, query=query)} == expected


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"query": "a OR b"}, 'Boolean statements containing "OR" or "AND" are not supported in this search'),
        ({"query": "is:new AND is:unresolved"}, "Boolean statements"),
        ({"query": "(is:unresolved)"}, "unmatched parentheses"),
        ({"query": "is:nonsense"}, 'Invalid value for "is" search'),
        ({"query": "is:[resolved, unresolved]"}, '"in" syntax invalid for "is" search'),
        ({"query": "timesSeen:many"}, "Invalid number"),
        ({"query": "firstSeen:yesterday"}, "Invalid date"),
        ({"query": "status:gone"}, "invalid status value"),
        ({"query": "level:"}, "Empty string after 'level:'"),
        ({"limit": "abc"}, "invalid limit"),
        ({"cursor": "nonsense"}, "Invalid cursor parameter."),
        ({"groupStatsPeriod": "7d"}, "Invalid stats_period. Valid choices are '', '24h', '14d', and 'auto'"),
        ({"statsPeriod": "soon"}, "Invalid statsPeriod: 'soon'"),
        ({"start": "2026-01-01T00:00:00"}, "start and end are both required"),
        ({"start": "2026-02-01", "end": "2026-01-01"}, "start must be before end"),
        ({"sort": "inbox", "query": "is:unresolved"}, "inbox"),
        ({"sort": "chaos"}, "sort"),
    ],
)
async def test_bad_query_is_refused_with_a_reason(box: Box, query: dict[str, str], reason: str) -> None:
    """A search that cannot be carried out says why instead of finding nothing or everything."""
    await born(box, "KeyError")
    reply = await box.http.get(LIST, query=query)
    assert reply.status == 400
    assert reason.lower() in reply.data["detail"].lower()


@pytest.mark.parametrize("sort", ["date", "new", "freq", "user", "trends", "recommended"])
async def test_every_sort_pages_through_everything(box: Box, sort: str) -> None:
    """An order with equal keys must not lose or repeat issues at the edge of a page."""
    made = [await born(box, f"Error{number}") for number in range(5)]
    seen, cursor = [], None
    for _ in range(5):
        query = {"sort": sort, "limit": "2", **({"cursor": cursor} if cursor else {})}
        reply = await box.http.get(LIST, query=query)
        seen += [int(item["id"]) for item in reply.data]
        match = re.search(r'rel="next"; results="true"; cursor="([^"]*)"', reply.headers["link"])
        if match is None:
            break
        cursor = match[1]
    assert sorted(seen) == sorted(made)


async def test_sorts_order_as_they_say(box: Box) -> None:
    """Triage starts at the top: the order decides what people see."""
    often = await born(box, "Often", user={"id": "1"})
    await born(box, "Often", user={"id": "1"})
    box.clock.tick(100)
    users = await born(box, "Users", user={"id": "1"})
    await born(box, "Users", user={"id": "2"})
    box.clock.tick(100)
    newest = await born(box, "Newest")
    box.clock.tick(100)
    await born(box, "Often", user={"id": "1"})
    assert await listed(box, sort="date") == [often, newest, users]
    assert await listed(box, sort="new") == [newest, users, often]
    assert await listed(box, sort="freq") == [often, users, newest]
    assert await listed(box, sort="user") == [users, often, newest]


async def test_default_query_is_unresolved_and_empty_is_all(box: Box) -> None:
    """Absent and empty differ in Sentry: scripts rely on both."""
    kept, resolved = await born(box, "Kept"), await born(box, "Resolved")
    await box.http.put(f"/api/0/organizations/acme/issues/{resolved}/", {"status": "resolved"})
    assert await listed(box) == [kept]
    assert set(await listed(box, query="")) == {kept, resolved}
    assert await listed(box, query="is:resolved") == [resolved]


@pytest.mark.parametrize("collapse", ["stats", "lifetime"])
async def test_collapse_takes_the_counts_along(box: Box, collapse: str) -> None:
    """Collapsing the series or the lifetime drops the top-level counts too; a client must survive that."""
    await born(box, "KeyError")
    [item] = (await box.http.get(LIST, query={"collapse": collapse})).data
    assert not {"count", "userCount", "firstSeen", "lastSeen", "lifetime"} & item.keys()
    assert ("stats" in item) is (collapse != "stats")


async def test_expand_adds_what_it_names(box: Box) -> None:
    """Expansions appear only when asked for."""
    await born(box, "KeyError")
    expand = ["inbox", "owners", "integrationIssues", "sentryAppIssues", "latestEventHasAttachments", "sessions"]
    [item] = (await box.http.get(LIST, query={"expand": expand})).data
    assert item["inbox"]["reason"] == 0
    assert item["latestEventHasAttachments"] is False
    assert item["integrationIssues"] == []
    [bare] = (await box.http.get(LIST)).data
    assert "inbox" not in bare
    assert "sessionCount" not in bare


@pytest.mark.parametrize(("period", "points"), [("24h", 24), ("14d", 14)])
async def test_group_stats_period_sets_the_series(box: Box, period: str, points: int) -> None:
    """Sparklines have a fixed number of points that add up to the events of the time."""
    await born(box, "KeyError")
    [item] = (await box.http.get(LIST, query={"groupStatsPeriod": period})).data
    assert len(item["stats"][period]) == points
    assert sum(count for _, count in item["stats"][period]) == 1


async def test_no_series_when_none_is_asked_for(box: Box) -> None:
    """An empty groupStatsPeriod leaves the series out and keeps the counts."""
    await born(box, "KeyError")
    [item] = (await box.http.get(LIST, query={"groupStatsPeriod": ""})).data
    assert "stats" not in item
    assert item["count"] == "1"


async def test_event_id_and_short_id_hit_directly(box: Box) -> None:
    """A pasted event id or short id leads to its issue, marked as such and without pages."""
    issue = await born(box, "KeyError", event_id="a" * 32)
    for query in ({"query": "a" * 32}, {"query": "shop-api-1", "shortIdLookup": "1"}, {"group": str(issue)}):
        reply = await box.http.get(LIST, query=query)
        assert [item["id"] for item in reply.data] == [str(issue)]
        assert reply.headers["x-sentry-direct-hit"] == "1"
        assert "link" not in reply.headers
    assert (await box.http.get(LIST, query={"query": "a" * 32})).data[0]["matchingEventId"] == "a" * 32


async def test_environment_narrows_issues_and_counts(box: Box) -> None:
    """With an environment, an issue counts only what happened there."""
    issue = await born(box, "KeyError", environment="production")
    await born(box, "KeyError", environment="staging")
    await born(box, "Other", environment="staging")
    reply = await box.http.get(LIST, query={"environment": "production"})
    assert [(int(item["id"]), item["count"]) for item in reply.data] == [(issue, "1")]
    assert (await box.http.get(LIST, query={"environment": "nowhere"})).status == 404


async def test_period_narrows_by_last_seen_and_counts_within(box: Box) -> None:
    """statsPeriod hides what has been silent since and counts only inside it; the lifetime stays whole."""
    box.clock.tick(-10 * 86400)
    old, recurring = await born(box, "Old"), await born(box, "Recurring")
    box.clock.tick(10 * 86400)
    await born(box, "Recurring")
    reply = await box.http.get(LIST, query={"statsPeriod": "24h"})
    [item] = reply.data
    assert int(item["id"]) == recurring != old
    assert (item["count"], item["lifetime"]["count"]) == ("1", "2")


async def test_token_of_some_projects_sees_only_theirs(box: Box) -> None:
    """A restricted token gets a silently narrowed list, and 403 for what it names outside its reach."""
    inside, outside = await born(box, "Inside"), await born(box, "Outside", "shop-web")
    project, _ = box.key()
    from dexter.sandbox.auth import store_token

    store_token(box.db, "narrow", name="narrow", projects=(project,))
    narrow = {"authorization": "Bearer narrow"}
    reply = await box.http.get(LIST, headers=narrow)
    assert [int(item["id"]) for item in reply.data] == [inside]
    assert (await box.http.get(LIST, headers=narrow, query={"project": "shop-web"})).status == 403
    assert (await box.http.get(f"{LIST}{outside}/", headers=narrow)).status == 403


async def test_project_list_and_groups_alias_answer(box: Box) -> None:
    """Older clients use these addresses."""
    issue = await born(box, "KeyError")
    await born(box, "Other", "shop-web")
    for url in ("/api/0/projects/acme/shop-api/issues/", "/api/0/organizations/acme/groups/?project=shop-api"):
        reply = await box.http.get(url)
        assert [int(item["id"]) for item in reply.data] == [issue], url
        assert 'rel="next"' in reply.headers["link"]
    assert (await box.http.get("/api/0/projects/acme/shop-api/issues/?statsPeriod=90d")).status == 400


async def test_a_page_takes_as_many_statements_as_an_issue(box: Box) -> None:
    """A list that asks the database once an issue grows slow with the page: neighbours are loaded together."""
    statements: list[str] = []
    for number in range(12):
        await born(box, f"Error{number}", environment="production", user={"id": str(number)})
    expand = "expand=inbox&expand=owners&expand=latestEventHasAttachments"
    counts = []
    for limit in (1, 12):
        statements.clear()
        box.db._connection.set_trace_callback(statements.append)
        reply = await box.http.get(f"{LIST}?limit={limit}&statsPeriod=14d&environment=production&{expand}")
        box.db._connection.set_trace_callback(None)
        assert len(reply.data) == limit
        counts.append(len(statements))
    assert counts[0] == counts[1]


def link(reply: Any, rel: str) -> tuple[str, str]:
    match = re.search(rf'<http://sentry.test([^>]*)>; rel="{rel}"; results="(\w+)"', reply.headers["link"])
    assert match
    return match[1], match[2]


async def test_previous_page_leads_back_and_may_be_polled_for_news(box: Box) -> None:
    """Sentry's own live view asks the first page's previous link again and again, for what has come since."""
    made = []
    for number in range(4):
        made.append(await born(box, f"Error{number}"))
        box.clock.tick(10)
    first = await box.http.get(f"{LIST}?limit=2")
    second = await box.http.get(link(first, "next")[0])
    back, has_results = link(second, "previous")
    assert has_results == "true"
    assert (await box.http.get(back)).data[0]["id"] == first.data[0]["id"] == str(made[3])
    news, has_results = link(first, "previous")
    assert has_results == "false"
    assert (await box.http.get(news)).data == []
    fresh = await born(box, "Fresh")
    assert [item["id"] for item in (await box.http.get(news)).data] == [str(fresh)]
