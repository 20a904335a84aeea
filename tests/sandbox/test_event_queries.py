"""Queries over events, as Discover and the Explore addresses ask them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.issue_births import born

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

EVENTS = "/api/0/organizations/acme/events/"
SERIES = "/api/0/organizations/acme/events-timeseries/"
STATS = "/api/0/organizations/acme/events-stats/"


async def shop(box: Box) -> None:
    """Three errors in production by two users, one warning in staging, an hour apart."""
    await born(box, "KeyError", environment="production", user={"id": "1"}, tags={"color": "red"})
    await born(box, "KeyError", environment="production", user={"id": "2"}, tags={"color": "red"})
    box.clock.tick(3600)
    await born(box, "ValueError", environment="production", user={"id": "1"}, tags={"color": "blue"})
    await born(box, "TypeError", "shop-web", environment="staging", level="warning")


async def rows(box: Box, fields: list[str], **query: Any) -> list[dict[str, Any]]:
    reply = await box.http.get(EVENTS, query={"field": fields, "dataset": "errors", **query})
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = reply.data["data"]
    return found


async def test_rows_of_single_events_say_which_they_are(box: Box) -> None:
    """Without a function every row is one event, with its id and project beside the asked columns."""
    await shop(box)
    found = await rows(box, ["title", "issue", "timestamp"], sort="-timestamp", query="error.type:ValueError")
    assert [(row["title"], row["issue"], row["project.name"]) for row in found] == [
        ("ValueError: ValueError happened", "SHOP-API-2", "shop-api")
    ]
    assert found[0]["timestamp"].endswith("+00:00")
    assert len(found[0]["id"]) == 32


async def test_functions_group_by_the_other_columns(box: Box) -> None:
    """Any function makes the rest into groups, sorted as asked, with types in meta."""
    await shop(box)
    reply = await box.http.get(
        EVENTS, query={"field": ["color", "count()", "count_unique(user)"], "sort": "-count()", "query": "has:color"}
    )
    assert reply.data["data"] == [
        {"color": "red", "count()": 2, "count_unique(user)": 2},
        {"color": "blue", "count()": 1, "count_unique(user)": 1},
    ]
    assert reply.data["meta"]["fields"] == {"color": "string", "count()": "integer", "count_unique(user)": "integer"}
    assert 'rel="next"; results="false"' in reply.headers["link"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("level:error", 3),
        ("level:error OR level:warning", 4),
        ("(color:red OR level:warning) environment:production", 2),
        ("color:blue OR (environment:staging AND level:warning)", 2),
        ("!color:red", 2),
        ("KeyError", 2),
        ("project:shop-web", 1),
        ("timestamp:-30m", 2),
        ("user.id:1", 2),
    ],
)
async def test_query_language_with_and_or_and_parentheses(box: Box, query: str, count: int) -> None:
    """Event queries know AND, OR and parentheses, which issue searches do not."""
    await shop(box)
    assert (await rows(box, ["count()"], query=query))[0]["count()"] == count
    meta = await box.http.get("/api/0/organizations/acme/events-meta/", query={"query": query})
    assert meta.data == {"count": count}


async def test_conditions_on_functions_hold_after_grouping(box: Box) -> None:
    """`count():>1` compares groups, not events."""
    await shop(box)
    assert await rows(box, ["error.type", "count()"], query="count():>1") == [{"error.type": "KeyError", "count()": 2}]


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("count_if(level,equals,warning)", 1),
        ("count_unique(issue)", 3),
        ("min(level)", "error"),
        ("last_seen()", "2026-09-21T15:13:20+00:00"),
        ("epm()", 4 / (90 * 24 * 60)),
    ],
)
async def test_functions(box: Box, function: str, value: object) -> None:
    """Each function of the errors dataset counts what its name says."""
    await shop(box)
    found = (await rows(box, [function]))[0][function]
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("equation", "value"),
    [
        ("count_if(level,equals,warning) / count() * 100", 25),
        ("1 + 2 * count()", 9),
        ("(1 + 2) * count()", 12),
        ("count() / (count() - 4)", None),
        ("count_unique(user) - 10", -8),
    ],
)
async def test_equations_reckon_with_columns(box: Box, equation: str, value: float | None) -> None:
    """Sentry's own example of an event query holds an equation; a division by zero has no value."""
    await shop(box)
    found = await rows(box, [f"equation|{equation}", "count()"], sort="-equation[0]")
    assert found == [{f"equation|{equation}": value, "count()": 4}]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({}, "No columns selected"),
        ({"field": [f"f{number}" for number in range(21)]}, "You can view up to 20 fields at a time"),
        ({"field": "title", "sort": "-count()"}, "not selected"),
        ({"field": "title", "dataset": "dreams"}, "dataset must be one of"),
        ({"field": "title", "query": "(level:error"}, "unmatched parentheses"),
        ({"field": "title", "query": "level:error)"}, "unmatched parentheses"),
        ({"field": "title", "query": "OR level:error"}, "OR"),
        ({"field": "median(level)"}, "not a valid function"),
        ({"field": "equation|count() +"}, "Unable to parse your equation"),
        ({"field": "equation|count() ; 1"}, "Unable to parse your equation"),
        ({"field": f"equation|{'(' * 2000}"}, "Unable to parse your equation"),
        ({"field": "equation|(count()"}, "Unable to parse your equation"),
        ({"field": "equation|" + " + ".join(["count()"] * 12)}, "Maximum operators exceeded"),
        ({"field": "equation|count() * project.id"}, "Cannot mix"),
        ({"field": "title", "per_page": "101"}, "Cannot exceed 100"),
        ({"field": "title", "query": "is:unresolved"}, "not supported"),
    ],
)
async def test_bad_event_query_says_why(box: Box, query: dict[str, Any], reason: str) -> None:
    """What cannot be asked is a 400 with a reason, never an empty table."""
    reply = await box.http.get(EVENTS, query=query)
    assert reply.status == 400
    assert reason in reply.data["detail"]


async def test_other_datasets_are_empty(box: Box) -> None:
    """The sandbox keeps no spans or logs: queries over them find nothing, instead of errors under another name."""
    await shop(box)
    assert await rows(box, ["count()"], dataset="spans") == []


async def test_rows_page_by_offset(box: Box) -> None:
    """A cursor reads on; the last page says so."""
    await shop(box)
    first = await box.http.get(EVENTS, query={"field": "title", "per_page": 3})
    assert 'rel="next"; results="true"; cursor="0:3:0"' in first.headers["link"]
    rest = await box.http.get(EVENTS, query={"field": "title", "per_page": 3, "cursor": "0:3:0"})
    assert len(rest.data["data"]) == 1
    assert 'rel="next"; results="false"' in rest.headers["link"]


async def test_facets_count_tags_of_matching_events(box: Box) -> None:
    """The tag bars beside a query show only its events."""
    await shop(box)
    reply = await box.http.get("/api/0/organizations/acme/events-facets/?query=level:error")
    facets = {item["key"]: item["topValues"] for item in reply.data}
    assert facets["color"] == [
        {"name": "red", "value": "red", "count": 2},
        {"name": "blue", "value": "blue", "count": 1},
    ]


async def test_timeseries_counts_in_milliseconds(box: Box) -> None:
    """The newer form: one entry an axis, times in milliseconds, the running stretch marked incomplete."""
    await shop(box)
    query = {"yAxis": ["count()", "count_unique(user)"], "statsPeriod": "4h", "interval": "1h", "dataset": "errors"}
    data = (await box.http.get(SERIES, query=query)).data
    counts, users = data["timeSeries"]
    assert [item["value"] for item in counts["values"]] == [0, 0, 0, 2, 2]
    assert [item["value"] for item in users["values"]] == [0, 0, 0, 2, 1]
    assert counts["values"][-1]["incomplete"] is True
    assert counts["meta"]["interval"] == 3_600_000
    assert counts["values"][1]["timestamp"] - counts["values"][0]["timestamp"] == 3_600_000


async def test_top_groups_have_series_of_their_own_and_an_other(box: Box) -> None:
    """topEvents gives the commonest groups; what is left is Other."""
    await shop(box)
    query = {
        "yAxis": "count()", "groupBy": "error.type", "topEvents": "1", "sort": "-count()", "statsPeriod": "4h",
        "interval": "1h", "dataset": "errors",
    }  # fmt: skip
    top, other = (await box.http.get(SERIES, query=query)).data["timeSeries"]
    assert top["groupBy"] == [{"key": "error.type", "value": "KeyError"}]
    assert sum(item["value"] for item in top["values"]) == 2
    assert other["meta"]["isOther"] is True
    assert sum(item["value"] for item in other["values"]) == 2
    older = await box.http.get(
        STATS, query={"yAxis": "count()", "field": ["error.type", "count()"], "topEvents": "1", "statsPeriod": "4h"}
    )
    assert list(older.data) == ["KeyError", "Other"]


async def test_older_series_are_in_seconds_and_keyed_by_axis(box: Box) -> None:
    """The older form: one axis is the reply itself, several are keyed by their names."""
    await shop(box)
    one = (await box.http.get(STATS, query={"yAxis": "count()", "statsPeriod": "4h"})).data
    assert [point[1][0]["count"] for point in one["data"]] == [0, 0, 0, 2, 2]
    assert one["data"][0][0] == one["start"]
    two = (await box.http.get(STATS, query={"yAxis": ["count()", "count_unique(user)"], "statsPeriod": "4h"})).data
    assert list(two) == ["count()", "count_unique(user)"]


async def test_too_fine_an_interval_is_refused(box: Box) -> None:
    """A series of hundreds of thousands of points helps nobody."""
    reply = await box.http.get(STATS, query={"interval": "1s", "statsPeriod": "14d"})
    assert reply.status == 400
    assert "too many results" in reply.data["detail"]
