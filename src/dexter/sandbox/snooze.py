"""Archived until something happens: whether it has, and what an issue becomes then.

How long an archive holds stands in `status_details_json`, in Sentry's words (`ignoreUntil`, `ignoreCount`,
`ignoreUserCount` and their windows); `_from` there keeps the counts at the moment of archiving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.activity_log import record_activity
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from dexter.sandbox.database import Database


def wake_due(db: Database, now: float) -> list[int]:
    """Reopen every issue whose archive has run out of time; give their ids."""
    due = db.all(
        "SELECT id FROM issues WHERE substatus = 'archived_until_condition_met' AND status = 'ignored'"
        " AND json_extract(status_details_json, '$.ignoreUntil') <= ?",
        iso(now),
    )
    for row in due:
        reopen(db, row["id"], now)
    return [row["id"] for row in due]


def has_had_enough(db: Database, issue: sqlite3.Row, now: float) -> bool:
    """Tell whether an archived issue's counts have reached what it was archived until."""
    details = msgspec.json.decode(issue["status_details_json"])
    start = details.get("_from") or {}
    count, window = details.get("ignoreCount"), details.get("ignoreWindow")
    if count is not None and _events(db, issue, start, window, now) >= count:
        return True
    users, user_window = details.get("ignoreUserCount"), details.get("ignoreUserWindow")
    return users is not None and _users(db, issue, start, user_window, now) >= users


def _events(db: Database, issue: sqlite3.Row, start: Mapping[str, Any], window: int | None, now: float) -> int:
    if not window:
        return int(issue["times_seen"]) - int(start.get("times_seen", 0))
    seen: int = db.value(
        "SELECT count(*) FROM events WHERE issue_id = ? AND timestamp >= ?", issue["id"], now - window * 60
    )
    return seen


def _users(db: Database, issue: sqlite3.Row, start: Mapping[str, Any], window: int | None, now: float) -> int:
    if not window:
        return int(issue["users_seen"]) - int(start.get("users_seen", 0))
    seen: int = db.value(
        "SELECT count(*) FROM issue_users WHERE issue_id = ? AND last_seen >= ?", issue["id"], now - window * 60
    )
    return seen


def reopen(db: Database, issue_id: int, now: float) -> None:
    """Make an archived issue unresolved again, as time or events ask for, not a person."""
    # What time brings about is no write of anybody's: search sees it together with the issue.
    db.run(
        "UPDATE issues SET status = 'unresolved', substatus = 'ongoing', status_details_json = '{}', in_review = 1,"
        " idx_status = 'unresolved', idx_substatus = 'ongoing' WHERE id = ?",
        issue_id,
    )
    record_activity(db, issue_id, None, "set_unresolved", {}, now)
