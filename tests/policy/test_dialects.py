"""Where a call goes on a server that lacks the address it was written for."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.policy.capabilities import Address
from dexter.policy.dialects import (
    Place,
    Untranslatable,
    bulk_ids,
    ids_query,
    in_organization,
    older_update,
    place_of,
    project_search,
    without_organization,
)

PLACES = [
    ("/api/0/organizations/acme/issues/", Place(Address.ORGANIZATION_ISSUES, "acme")),
    ("/api/0/organizations/acme/groups/", Place(Address.ORGANIZATION_ISSUES, "acme")),
    ("/api/0/organizations/acme/issues/5/", Place(Address.ORGANIZATION_ISSUE, "acme", "5", "")),
    ("/api/0/organizations/acme/groups/5/tags/a/", Place(Address.ORGANIZATION_ISSUE, "acme", "5", "tags/a/")),
    ("/api/0/issues/5/", Place(Address.ISSUE, None, "5", "")),
    ("/api/0/groups/5/events/latest/", Place(Address.ISSUE, None, "5", "events/latest/")),
    ("/api/0/projects/", Place(Address.PROJECTS)),
    ("/api/0/projects/acme/shop/", None),
    ("/api/0/projects/acme/shop/issues/", None),
    ("/api/0/organizations/acme/issues-count/", None),
    ("/api/0/organizations/acme/issues", None),
    ("/api/0/issues/5", None),
]


@pytest.mark.parametrize(("path", "place"), PLACES)
def test_addresses_in_which_servers_differ_are_told_from_the_rest(path: str, place: Place | None) -> None:
    """Anything else goes through untouched, so what is missed here is never translated."""
    assert place_of(path) == place


BOTH_WAYS = [
    ("/api/0/organizations/acme/issues/5/", "/api/0/issues/5/"),
    ("/api/0/organizations/acme/issues/5/events/", "/api/0/issues/5/events/"),
    ("/api/0/organizations/acme/issues/5/events/latest/", "/api/0/issues/5/events/latest/"),
    ("/api/0/organizations/acme/issues/5/hashes/", "/api/0/issues/5/hashes/"),
    ("/api/0/organizations/acme/issues/5/tags/browser/values/", "/api/0/issues/5/tags/browser/values/"),
    ("/api/0/organizations/acme/issues/5/tags/a%2Fb/", "/api/0/issues/5/tags/a%2Fb/"),
    ("/api/0/organizations/acme/issues/5/comments/7/", "/api/0/issues/5/comments/7/"),
    ("/api/0/organizations/acme/issues/5/activities/", "/api/0/issues/5/activities/"),
]


@pytest.mark.parametrize(("newer", "older"), BOTH_WAYS)
def test_an_issues_address_is_turned_both_ways(newer: str, older: str) -> None:
    """There and back again is where it began."""
    new, old = place_of(newer), place_of(older)
    assert new is not None
    assert old is not None
    assert without_organization(new) == older
    assert in_organization(old, "acme") == newer


def test_an_organizations_name_stays_one_segment() -> None:
    """It comes from an answer; a slash in it must not name another operation."""
    place = place_of("/api/0/issues/5/")
    assert place is not None
    assert in_organization(place, "a/../b") == "/api/0/organizations/a%2F..%2Fb/issues/5/"


def test_the_recommended_event_of_an_old_server_is_the_latest() -> None:
    """Which event to show first is the server's choice; before it weighed them it chose the latest."""
    place = place_of("/api/0/organizations/acme/issues/5/events/recommended/")
    assert place is not None
    assert without_organization(place) == "/api/0/issues/5/events/latest/"


@pytest.mark.parametrize("rest", ["autofix/", "events/not-an-event/", "tags/a/b/c/", "../../0/"])
def test_what_old_servers_never_had_is_refused(rest: str) -> None:
    """A guess would be answered by something else."""
    place = place_of(f"/api/0/organizations/acme/issues/5/{rest}")
    assert place is not None
    with pytest.raises(Untranslatable):
        without_organization(place)


UPDATES: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
    # today's body, the old one; None: refused
    ({"status": "resolved"}, {"status": "resolved"}),
    ({"status": "unresolved", "substatus": "ongoing"}, {"status": "unresolved"}),
    ({"assignedTo": "user:1", "hasSeen": True}, {"assignedTo": "user:1", "hasSeen": True}),
    ({"status": "ignored", "substatus": "archived_forever"}, {"status": "ignored"}),
    (
        {"status": "ignored", "statusDetails": {"ignoreCount": 5}, "substatus": "archived_until_condition_met"},
        {"status": "ignored", "statusDetails": {"ignoreCount": 5}},
    ),
    ({"status": "ignored", "substatus": "archived_until_escalating"}, None),
    ({"status": "resolved", "priority": "high"}, None),
    ({"inbox": False}, None),
]  # fmt: skip


@pytest.mark.parametrize(("today", "older"), UPDATES)
def test_an_update_says_the_same_to_an_old_server_or_is_refused(
    today: dict[str, Any], older: dict[str, Any] | None
) -> None:
    """It passes over what it does not know and answers 200: the caller would believe that it was done."""
    if older is None:
        with pytest.raises(Untranslatable):
            older_update(today)
    else:
        assert older_update(today) == older


def test_a_body_that_is_no_object_is_refused() -> None:
    """Nothing can be said of it."""
    with pytest.raises(Untranslatable):
        older_update([1])


SEARCHES = [
    # query, the query text, sort, series
    ("", "is:unresolved", "date", "24h"),
    ("query=", "", "date", "24h"),
    ("query=is%3Aarchived+%21is%3Aarchived", "is:ignored !is:ignored", "date", "24h"),
    ("query=a+%22is%3Aarchived+b%22&sort=new", 'a "is:archived b"', "new", "24h"),
    ("query=&statsPeriod=14d&groupStatsPeriod=14d&sort=freq", "lastSeen:-14d", "freq", "14d"),
    ("query=x&groupStatsPeriod=&expand=inbox&collapse=stats", "x", "date", ""),
    ("query=&groupStatsPeriod=auto&statsPeriod=1h", "lastSeen:-1h", "date", "24h"),
    ("query=&groupStatsPeriod=auto&statsPeriod=30d", "lastSeen:-30d", "date", "14d"),
]


@pytest.mark.parametrize(("query", "text", "sort", "series"), SEARCHES)
def test_a_search_is_put_in_an_old_projects_words(query: str, text: str, sort: str, series: str) -> None:
    """`statsPeriod` names the series there, and the time is a term of the text."""
    assert project_search(query).pairs[:3] == (("query", text), ("sort", sort), ("statsPeriod", series))


def test_a_search_keeps_environments_projects_limit_and_cursor() -> None:
    """They narrow the search the same in both dialects."""
    found = project_search("environment=a&environment=b&project=1&project=shop&limit=500&cursor=d1.x&query=")
    assert found.pairs[3:] == (("environment", "a"), ("environment", "b"))
    assert (found.projects, found.limit, found.cursor) == (("1", "shop"), 100, "d1.x")


def test_a_short_id_alone_is_looked_up() -> None:
    """It finds the issue whatever its status, in both dialects."""
    assert project_search("query=SHOP-1A&shortIdLookup=1").short_id == "SHOP-1A"
    assert project_search("query=SHOP-1A").short_id is None
    assert project_search("query=is:resolved&shortIdLookup=1").short_id is None


@pytest.mark.parametrize(
    "query",
    [
        "query=is:for_review",
        "query=%21is:escalating",
        "query=issue.priority:high",
        "query=assigned:[me,none]",
        "sort=trends",
        "start=2026-01-01&end=2026-02-01",
        "group=5",
        "viewId=3",
        "limit=abc",
        "statsPeriod=1y2",
    ],
)
def test_a_search_that_an_old_server_cannot_mean_is_refused(query: str) -> None:
    """A list that silently leaves a condition out is a wrong list."""
    with pytest.raises(Untranslatable):
        project_search(query)


def test_a_mutation_must_name_its_issues() -> None:
    """An old server applies one without names to whatever its search finds."""
    assert bulk_ids("id=1&id=2&id=1&project=3") == ("1", "2")
    assert ids_query(("1", "2")) == "id=1&id=2"
    for query in ("", "query=is:unresolved", "id=x", "id[]=1"):
        with pytest.raises(Untranslatable):
            bulk_ids(query)
