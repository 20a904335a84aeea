"""Which projects and environments a list covers, and when the search index sees a write."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.sandbox.auth import store_token
from dexter.sandbox.search_index import catch_up, written

ISSUES = "/api/0/organizations/acme/issues/"


@pytest.fixture
async def failing(box: Any) -> Any:
    """Two projects with an issue each, in an environment each."""
    await box.send({"message": "server", "environment": "production"}, "shop-api")
    await box.send({"message": "browser", "environment": "staging"}, "shop-web")
    return box


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"server", "browser"}),
        ("project=-1", {"server", "browser"}),
        ("project=shop-api", {"server"}),
        ("project=1", {"server"}),
        ("project=1&project=shop-web", {"server", "browser"}),
        ("environment=staging", {"browser"}),
        ("environment=staging&environment=production", {"server", "browser"}),
        ("project=shop-api&environment=staging", set()),
    ],
)
async def test_a_list_covers_what_the_query_names(failing: Any, query: str, titles: set[str]) -> None:
    """Ids, slugs, several, all: every client writes it differently."""
    reply = await failing.http.get(f"{ISSUES}?{query}")
    assert {issue["title"] for issue in reply.data} == titles


@pytest.mark.parametrize(
    ("query", "status"), [("project=nope", 403), ("project=999", 403), ("project=-7", 400), ("environment=nope", 404)]
)
async def test_what_is_not_there_is_not_an_empty_list(failing: Any, query: str, status: int) -> None:
    """A misspelt project must not look like a project without issues."""
    assert (await failing.http.get(f"{ISSUES}?{query}")).status == status


async def test_a_token_for_one_project_sees_one_project(failing: Any) -> None:
    """The same question from two tokens has two answers: what caches must never mix."""
    number, _ = failing.key("shop-web")
    store_token(failing.db, "sntryu_web", name="web", projects=(number,))
    mine = {"authorization": "Bearer sntryu_web"}
    reply = await failing.http.get(ISSUES, headers=mine)
    assert [issue["title"] for issue in reply.data] == ["browser"]
    assert (await failing.http.get(f"{ISSUES}?project=shop-api", headers=mine)).status == 403


def test_the_index_follows_a_write_when_its_lag_has_passed(bare_db: Any) -> None:
    """Clients that read their own write from search too early must be caught."""
    issue = bare_db.insert(
        "INSERT INTO issues (project_id, short_number, title, level, first_seen, last_seen)"
        " VALUES (1, 1, 'x', 'error', 0, 0)"
    )

    def seen() -> Any:
        return bare_db.value("SELECT idx_status FROM issues WHERE id = ?", issue)

    bare_db.run("UPDATE issues SET status = 'resolved'")
    written(bare_db, [issue], now=100.0, lag_s=2.0)
    catch_up(bare_db, 101.9)
    assert seen() == "unresolved"
    catch_up(bare_db, 102.0)
    assert seen() == "resolved"
    bare_db.run("UPDATE issues SET status = 'ignored'")
    written(bare_db, [issue], now=103.0, lag_s=0.0)
    assert seen() == "ignored"
