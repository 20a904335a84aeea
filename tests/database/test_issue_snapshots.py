"""Snapshots of issues: kept as they were, read whatever version wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dexter.database.columns import at
from dexter.database.issue_snapshots import API_VERSION, find, keep, kept, today
from dexter.database.tables import issue_cache

if TYPE_CHECKING:
    from dexter.database.engine import Database

ISSUE = {"id": "1", "shortId": "SHOP-1", "count": "12", "userCount": 3, "stats": {"24h": [[1, 2]]}}
EARLIER, LATER = at(1_700_000_000), at(1_700_000_060)


async def test_what_is_kept_is_given_back_in_todays_form(database: Database) -> None:
    """With the moment it was taken, and what Dexter added then."""
    async with database.transaction() as connection:
        await keep(connection, "acme", [ISSUE], EARLIER, {"1": {"labels": ["flaky"]}})
        assert await find(connection, "acme", "1") == {
            "id": "1",
            "shortId": "SHOP-1",
            "count": 12,
            "userCount": 3,
            "dexter": {"labels": ["flaky"], "taken_at": "2023-11-14T22:13:20Z"},
        }
        assert await find(connection, "other", "1") is None


async def test_a_row_of_the_first_version_is_still_readable(database: Database) -> None:
    """An upgrade must not make worthless what was kept before it, nor have to rewrite a million rows."""
    row = {"organization": "acme", "issue_id": "1", "api_version": 1, "snapshot": ISSUE, "taken_at": EARLIER}
    async with database.transaction() as connection:
        await connection.execute(issue_cache.insert().values(**row))
        found = await find(connection, "acme", "1")
        assert found is not None
        assert (found["count"], "stats" in found) == (12, False)
        await keep(connection, "acme", [ISSUE], LATER)
        version = (await connection.execute(issue_cache.select())).one().api_version
    assert version == API_VERSION


def test_a_row_of_a_newer_version_is_not_guessed_at() -> None:
    """Reading it as today's form would give what is not so."""
    with pytest.raises(ValueError, match="version 3"):
        today({}, API_VERSION + 1)


async def test_who_saw_it_later_knows_better(database: Database) -> None:
    """Two exports overlap, and the slower one keeps its older view of an issue last."""
    async with database.transaction() as connection:
        await keep(connection, "acme", [{**ISSUE, "status": "resolved"}], LATER)
        await keep(connection, "acme", [{**ISSUE, "status": "unresolved"}], EARLIER)
        found = await find(connection, "acme", "1")
    assert found is not None
    assert found["status"] == "resolved"


async def test_pages_hold_every_issue_once(database: Database) -> None:
    """More than one statement's worth, with one of them given twice."""
    issues = [{**ISSUE, "id": str(number)} for number in range(450)]
    async with database.transaction() as connection:
        await keep(connection, "acme", [*issues, issues[7]], EARLIER)
        seen: list[str] = []
        while page := await kept(connection, "acme", after=seen[-1] if seen else "", limit=100):
            seen += [issue_id for issue_id, _ in page]
    assert sorted(seen, key=int) == [str(number) for number in range(450)]
