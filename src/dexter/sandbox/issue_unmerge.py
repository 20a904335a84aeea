"""Taking hashes out of an issue: their events become an issue of their own again."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.activity_log import record_activity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dexter.sandbox.database import Database

_MOVED = "FROM events e WHERE e.issue_id = ?2"
_COUNT_OVER = (
    "INSERT INTO issue_hours (issue_id, environment, hour, count)"
    " SELECT ?2, COALESCE(e.environment, ''), CAST(e.timestamp / 3600 AS INTEGER) * 3600, COUNT(*)"
    f" {_MOVED} GROUP BY 2, 3",
    "UPDATE issue_hours SET count = issue_hours.count - h.count FROM issue_hours h WHERE h.issue_id = ?2"
    " AND issue_hours.issue_id = ?1 AND issue_hours.environment = h.environment AND issue_hours.hour = h.hour",
    "INSERT INTO issue_tags (issue_id, key, value, count, first_seen, last_seen)"
    " SELECT ?2, json_extract(t.value, '$[0]'), json_extract(t.value, '$[1]'), COUNT(*), MIN(e.timestamp),"
    " MAX(e.timestamp) FROM events e, json_each(e.data_json, '$.tags') t WHERE e.issue_id = ?2 GROUP BY 2, 3",
    "UPDATE issue_tags SET count = issue_tags.count - t.count FROM issue_tags t WHERE t.issue_id = ?2"
    " AND issue_tags.issue_id = ?1 AND issue_tags.key = t.key AND issue_tags.value = t.value",
    "INSERT INTO issue_users (issue_id, user_key, first_seen, last_seen, times_seen, user_json)"
    " SELECT ?2, e.user_key, MIN(e.timestamp), MAX(e.timestamp), COUNT(*),"
    f" COALESCE(json_extract(e.data_json, '$.user'), '{{}}') {_MOVED} AND e.user_key IS NOT NULL GROUP BY e.user_key",
    "UPDATE issue_users SET times_seen = issue_users.times_seen - u.times_seen FROM issue_users u WHERE u.issue_id = ?2"
    " AND issue_users.issue_id = ?1 AND issue_users.user_key = u.user_key",
    "DELETE FROM issue_hours WHERE issue_id = ?1 AND issue_id != ?2 AND count <= 0",
    "DELETE FROM issue_tags WHERE issue_id = ?1 AND issue_id != ?2 AND count <= 0",
    "DELETE FROM issue_users WHERE issue_id = ?1 AND issue_id != ?2 AND times_seen <= 0",
)
_TOTALS = (
    "UPDATE issues SET times_seen = (SELECT COALESCE(SUM(count), 0) FROM issue_hours WHERE issue_id = ?1),"
    " users_seen = (SELECT COUNT(*) FROM issue_users WHERE issue_id = ?1),"
    " first_seen = COALESCE((SELECT MIN(timestamp) FROM events WHERE issue_id = ?1), first_seen),"
    " last_seen = COALESCE((SELECT MAX(timestamp) FROM events WHERE issue_id = ?1), last_seen) WHERE id = ?1"
)


def unmerge_hashes(
    db: Database, issue: sqlite3.Row, hashes: Sequence[str], user_id: int | None, now: float
) -> int | None:
    """Move the events of some of an issue's hashes to a new issue and give its id.

    None where there is nothing to part: no such hash, or no other left behind.
    """
    owned = {row["hash"] for row in db.all("SELECT hash FROM issue_hashes WHERE issue_id = ?", issue["id"])}
    moved = [value for value in dict.fromkeys(hashes) if value in owned]
    if not moved or len(moved) == len(owned):
        return None
    marks = ",".join("?" * len(moved))
    mine = f"issue_id = ? AND json_extract(data_json, '$.hashes[0]') IN ({marks})"
    newest = db.one(f"SELECT * FROM events WHERE {mine} ORDER BY timestamp DESC, id DESC LIMIT 1", issue["id"], *moved)
    if newest is None:
        return None
    with db.transaction():
        new = _new_issue(db, issue, newest)
        db.run(
            f"UPDATE issue_hashes SET issue_id = ? WHERE issue_id = ? AND hash IN ({marks})", new, issue["id"], *moved
        )
        db.run(f"UPDATE events SET issue_id = ? WHERE {mine}", new, issue["id"], *moved)
        for statement in _COUNT_OVER:
            db.run(statement, issue["id"], new)
        for changed in (issue["id"], new):
            db.run(_TOTALS, changed)
        _write_down(db, issue["id"], new, moved, user_id, now)
    return new


def _new_issue(db: Database, issue: sqlite3.Row, event: sqlite3.Row) -> int:
    project = issue["project_id"]
    db.run("UPDATE projects SET short_counter = short_counter + 1 WHERE id = ?", project)
    return db.insert(
        "INSERT INTO issues (project_id, short_number, title, culprit, type, metadata_json, level, logger, platform,"
        " substatus, priority, first_seen, last_seen, first_release_id, last_release_id, is_unhandled, idx_substatus,"
        " idx_priority) SELECT ?1, (SELECT short_counter FROM projects WHERE id = ?1), ?2, ?3, type,"
        " COALESCE(json_extract(?4, '$.metadata'), '{}'), ?5, logger, platform, 'ongoing', priority, ?6, ?6,"
        " first_release_id, last_release_id, is_unhandled, 'ongoing', priority FROM issues WHERE id = ?7",
        project, event["title"], event["culprit"], event["data_json"], event["level"], event["timestamp"], issue["id"],
    )  # fmt: skip


def _write_down(db: Database, source: int, new: int, hashes: Sequence[str], user_id: int | None, now: float) -> None:
    named = [[value, None] for value in hashes]
    record_activity(db, source, user_id, "unmerge_source", {"destination_id": str(new), "fingerprints": named}, now)
    record_activity(db, new, user_id, "unmerge_destination", {"source_id": str(source), "fingerprints": named}, now)
