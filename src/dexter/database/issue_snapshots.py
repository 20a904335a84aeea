"""Snapshots of issues: what Sentry said of them when Dexter last saw them whole, for when it cannot be asked.

A row says which version of the form its snapshot has. Older ones are read all the same: each version knows the way
to the next, and nothing has to be rewritten for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from dexter.database.columns import written
from dexter.database.tables import issue_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]

API_VERSION = 2
"""The form that is written today.

1. An issue as Sentry's lists give it: with its series over time, and its count of events as a text.
2. Without the series, which say nothing later on; its counts as numbers.
"""
BATCH = 200


async def keep(
    connection: AsyncConnection,
    organization: str,
    issues: Iterable[Json],
    at: datetime,
    enhanced: Mapping[str, Json] | None = None,
) -> None:
    """Keep what Sentry's lists gave for some issues; `enhanced` is what Dexter adds to each, by the issue's id."""
    added = enhanced or {}
    rows = [
        {
            "organization": organization,
            "issue_id": str(issue["id"]),
            "api_version": API_VERSION,
            "snapshot": _second(issue),
            "enhanced_data": added.get(str(issue["id"])),
            "taken_at": at,
        }
        # One statement may touch a row once.
        for issue in {str(issue["id"]): issue for issue in issues}.values()
    ]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for begin in range(0, len(rows), BATCH):
        adding = insert(issue_cache).values(rows[begin : begin + BATCH])
        new = {name: adding.excluded[name] for name in ("api_version", "snapshot", "enhanced_data", "taken_at")}
        # Of two who saw it, the one who saw it later knows better.
        await connection.execute(
            adding.on_conflict_do_update(
                index_elements=["organization", "issue_id"],
                set_=new,
                where=issue_cache.c.taken_at <= adding.excluded.taken_at,
            )
        )


async def kept(
    connection: AsyncConnection, organization: str, *, after: str = "", limit: int = 100
) -> Sequence[tuple[str, Json]]:
    """Give the kept issues of an organization, each with its id, of those whose ids come after one.

    Each is in today's form, and says under `dexter` when it was taken and what Dexter added.
    """
    chosen = select(issue_cache).where(issue_cache.c.organization == organization, issue_cache.c.issue_id > after)
    rows = await connection.execute(chosen.order_by(issue_cache.c.issue_id).limit(limit))
    return [
        (row.issue_id, _whole(today(row.snapshot, row.api_version), row.enhanced_data, row.taken_at)) for row in rows
    ]


async def find(connection: AsyncConnection, organization: str, issue_id: str) -> Json | None:
    """Give one kept issue, as `kept` does, or None."""
    here = (issue_cache.c.organization == organization, issue_cache.c.issue_id == issue_id)
    row = (await connection.execute(select(issue_cache).where(*here))).one_or_none()
    return None if row is None else _whole(today(row.snapshot, row.api_version), row.enhanced_data, row.taken_at)


def today(snapshot: Json, api_version: int) -> Json:
    """Give a snapshot in today's form. Raises ValueError for one that a newer Dexter wrote."""
    if api_version > API_VERSION:
        raise ValueError(f"a snapshot of version {api_version}, and this Dexter reads up to {API_VERSION}")
    for version in range(api_version, API_VERSION):
        snapshot = _NEXT[version](snapshot)
    return snapshot


def _second(issue: Json) -> Json:
    kept = {name: value for name, value in issue.items() if name not in ("stats", "lifetime", "filtered")}
    return kept | {name: _number(kept[name]) for name in ("count", "userCount") if name in kept}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _whole(issue: Json, enhanced: Json | None, taken_at: datetime) -> Json:
    return {**issue, "dexter": {**(enhanced or {}), "taken_at": written(taken_at)}}


_NEXT: Mapping[int, Callable[[Json], Json]] = {1: _second}
"""The way from each older form to the next."""
