"""What came in: series by project, totals by outcome, and the people that events name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

STATS = "/api/0/projects/acme/shop-api/stats/"
USAGE = "/api/0/organizations/acme/stats_v2/"


@pytest.fixture
async def busy(box: Box) -> Box:
    """Three events now and two an hour later, one of them of another project."""
    for _ in range(3):
        await box.send({"message": "boom"})
    box.clock.tick(3600)
    await box.send({"message": "boom"})
    await box.send({"message": "bang"}, "shop-web")
    return box


async def test_a_projects_series_counts_its_events(busy: Box) -> None:
    """The sum of the points is what was sent."""
    points = (await busy.http.get(STATS)).data
    assert len(points) == 24
    assert [count for _, count in points][-2:] == [3, 1]
    assert points[-1][0] <= busy.clock.now < points[-1][0] + 3600
    days = (await busy.http.get(f"{STATS}?resolution=1d&since={busy.clock.now - 86400}")).data
    assert sum(count for _, count in days) == 4
    assert sum(count for _, count in (await busy.http.get(f"{STATS}?stat=rejected")).data) == 0


@pytest.mark.parametrize(
    "query", ["stat=none", "resolution=5m", "since=yesterday", "since=0&resolution=1h", "since=9000000000"]
)
async def test_a_series_that_cannot_be_told_is_refused(busy: Box, query: str) -> None:
    """A typing error must not draw an empty chart."""
    assert (await busy.http.get(f"{STATS}?{query}")).status == 400


async def test_usage_is_grouped_as_asked(busy: Box) -> None:
    """Totals and series agree, and projects are told apart."""
    whole = (await busy.http.get(f"{USAGE}?field=sum(quantity)&groupBy=category&groupBy=outcome")).data
    assert [group["by"] for group in whole["groups"]] == [{"category": "error", "outcome": "accepted"}]
    assert whole["groups"][0]["totals"] == {"sum(quantity)": 5}
    assert sum(whole["groups"][0]["series"]["sum(quantity)"]) == 5
    assert len(whole["groups"][0]["series"]["sum(quantity)"]) == len(whole["intervals"])
    each = (await busy.http.get(f"{USAGE}?field=sum(quantity)&groupBy=project&statsPeriod=7d&interval=1d")).data
    assert sorted(group["totals"]["sum(quantity)"] for group in each["groups"]) == [1, 4]
    assert len(each["intervals"]) in (7, 8)
    nothing = (await busy.http.get(f"{USAGE}?field=sum(quantity)&groupBy=project&outcome=filtered")).data
    assert nothing["groups"] == []


@pytest.mark.parametrize(
    "query",
    [
        "groupBy=project",
        "field=sum(quantity)",
        "field=sum(quantity)&groupBy=colour",
        "field=sum(quantity)&groupBy=project&interval=7m",
    ],
)
async def test_usage_that_cannot_be_told_is_refused(busy: Box, query: str) -> None:
    """Field and grouping are required."""
    assert (await busy.http.get(f"{USAGE}?{query}")).status == 400


async def test_the_summary_names_the_busy_projects(busy: Box) -> None:
    """A silent project is left out."""
    told = (await busy.http.get("/api/0/organizations/acme/stats-summary/?field=sum(quantity)")).data
    assert [(project["slug"], project["stats"][0]["outcomes"]["accepted"]) for project in told["projects"]] == [
        ("shop-api", 4),
        ("shop-web", 1),
    ]


async def test_users_are_those_that_events_name(box: Box) -> None:
    """Support searches a customer by address."""
    users = "/api/0/projects/acme/shop-api/users/"
    await box.send({"message": "a", "user": {"id": "7", "email": "eve@example.com", "ip_address": "192.0.2.1"}})
    box.clock.tick(1)
    await box.send({"message": "b", "user": {"id": "8", "username": "mallory"}})
    await box.send({"message": "c", "user": {"id": "7", "email": "eve@example.com"}})
    shown = (await box.http.get(users)).data
    assert {user["tagValue"] for user in shown} == {"id:7", "id:8"}
    found = (await box.http.get(f"{users}?query=email:eve@example.com")).data
    assert [user["identifier"] for user in found] == ["7"]
    assert (await box.http.get(f"{users}?query=username:nobody")).data == []
    assert (await box.http.get(f"{users}?query=nonsense")).status == 400
