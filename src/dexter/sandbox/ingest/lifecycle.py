"""What an event or the passing of time does to an issue's state: regressions, snoozes that end, escalation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.activity_log import record_activity
from dexter.sandbox.ingest.releases import is_newer, latest_release
from dexter.sandbox.search_index import written
from dexter.sandbox.snooze import has_had_enough, reopen, wake_due

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from dexter.sandbox.database import Database

_WEEK_S = 7 * 86400
_HOUR_S = 3600
_ALWAYS_QUIET = 10
"""Fewer events an hour than this never count as an escalation."""


def awaken(db: Database, issue_id: int, release: sqlite3.Row | None, now: float, lag_s: float) -> str | None:
    """Bring a resolved or archived issue back if its new event calls for it; give the new substatus, or None."""
    issue = db.one("SELECT * FROM issues WHERE id = ?", issue_id)
    if issue is None:
        return None
    if issue["status"] == "resolved":
        return _regress(db, issue, release, now, lag_s) if _regresses(db, issue, release) else None
    if issue["status"] != "ignored":
        return None
    if issue["substatus"] == "archived_until_escalating":
        forecast = _forecast(db, issue["id"], now)
        hour = int(now // _HOUR_S) * _HOUR_S
        if _count_since(db, issue["id"], hour) > forecast:
            _reopen(db, issue, "escalating", "set_escalating", {"forecast": forecast}, now, lag_s)
            _raise_priority(db, issue, now)
            return "escalating"
    elif issue["substatus"] == "archived_until_condition_met" and has_had_enough(db, issue, now):
        reopen(db, issue["id"], now)
        return "ongoing"
    return None


def _regresses(db: Database, issue: sqlite3.Row, release: sqlite3.Row | None) -> bool:
    details = msgspec.json.decode(issue["status_details_json"] or "{}")
    if not {"inRelease", "inNextRelease", "inUpcomingRelease", "inCommit"} & details.keys():
        return True
    # Resolved "in" something: an event that does not say where it comes from proves nothing.
    if release is None:
        return False
    if "inRelease" in details:
        fixed = _release(db, issue, details["inRelease"])
        return fixed is None or release["id"] == fixed["id"] or is_newer(release, fixed)
    if "inCommit" in details:
        fixed = _release_of_commit(db, issue, details["inCommit"])
        return fixed is not None and (release["id"] == fixed["id"] or is_newer(release, fixed))
    noted = details.get("_release")
    current = _release(db, issue, noted) if noted else latest_release(db, issue["project_id"], issue["resolved_at"])
    return current is None or is_newer(release, current)


def _release(db: Database, issue: sqlite3.Row, version: str) -> sqlite3.Row | None:
    return db.one(
        "SELECT r.* FROM releases r JOIN projects p ON p.organization_id = r.organization_id"
        " WHERE p.id = ? AND r.version = ?",
        issue["project_id"], version,
    )  # fmt: skip


def _release_of_commit(db: Database, issue: sqlite3.Row, commit: Any) -> sqlite3.Row | None:
    sha = commit.get("commit") or commit.get("id") if isinstance(commit, dict) else commit
    return db.one(
        "SELECT r.* FROM commits c JOIN releases r ON r.id = c.release_id JOIN projects p"
        " ON p.organization_id = r.organization_id WHERE p.id = ? AND c.sha = ? ORDER BY r.date_created LIMIT 1",
        issue["project_id"], str(sha),
    )  # fmt: skip


def _regress(db: Database, issue: sqlite3.Row, release: sqlite3.Row | None, now: float, lag_s: float) -> str:
    details = msgspec.json.decode(issue["status_details_json"] or "{}")
    data: dict[str, Any] = {"event_id": None, "version": release["version"] if release else ""}
    if "inRelease" in details:
        data["resolved_in_version"] = details["inRelease"]
    _reopen(db, issue, "regressed", "set_regression", data, now, lag_s)
    return "regressed"


def _reopen(
    db: Database, issue: sqlite3.Row, substatus: str, activity: str, data: Mapping[str, Any], now: float, lag_s: float
) -> None:
    db.run(
        "UPDATE issues SET status = 'unresolved', substatus = ?, status_details_json = '{}', resolved_at = NULL,"
        " in_review = 1 WHERE id = ?",
        substatus, issue["id"],
    )  # fmt: skip
    record_activity(db, issue["id"], None, activity, data, now)
    written(db, [issue["id"]], now, lag_s)


def _raise_priority(db: Database, issue: sqlite3.Row, now: float) -> None:
    if issue["priority"] == "high" or issue["priority_locked_at"] is not None:
        return
    db.run("UPDATE issues SET priority = 'high', idx_priority = 'high' WHERE id = ?", issue["id"])
    record_activity(db, issue["id"], None, "set_priority", {"priority": "high", "reason": "escalating"}, now)


def _forecast(db: Database, issue: int, now: float) -> int:
    """Give how many events an hour are usual: twice the busiest hour of the week before this hour."""
    hour = int(now // _HOUR_S) * _HOUR_S
    busiest = db.value(
        "SELECT max(n) FROM (SELECT sum(count) AS n FROM issue_hours WHERE issue_id = ? AND hour >= ? AND hour < ?"
        " GROUP BY hour)",
        issue, hour - _WEEK_S, hour,
    )  # fmt: skip
    return max(_ALWAYS_QUIET, 2 * (busiest or 0))


def _count_since(db: Database, issue: int, hour: int) -> int:
    return int(
        db.value("SELECT coalesce(sum(count), 0) FROM issue_hours WHERE issue_id = ? AND hour >= ?", issue, hour)
    )


def pass_time(db: Database, now: float) -> None:
    """Let the hours do their work: snoozes end, and what was new, regressed or escalating a week ago is ongoing."""
    wake_due(db, now)
    for issue in db.all(
        "SELECT id FROM issues WHERE status = 'unresolved' AND substatus = 'new' AND first_seen < ?"
        " UNION SELECT i.id FROM issues i WHERE i.status = 'unresolved' AND i.substatus IN ('regressed', 'escalating')"
        " AND NOT EXISTS (SELECT 1 FROM activities a WHERE a.issue_id = i.id AND a.date_created >= ?"
        " AND a.type IN ('set_regression', 'set_escalating', 'set_unresolved'))",
        now - _WEEK_S, now - _WEEK_S,
    ):  # fmt: skip
        db.run("UPDATE issues SET substatus = 'ongoing', idx_substatus = 'ongoing' WHERE id = ?", issue["id"])
        record_activity(db, issue["id"], None, "auto_set_ongoing", {"after_days": 7}, now)
