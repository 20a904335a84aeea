"""Merging issues: one survives and takes over everything the others had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.sandbox.activity_log import record_activity
from dexter.sandbox.search_index import written

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dexter.sandbox.database import Database


@dataclass(frozen=True, slots=True)
class Merge:
    """Which issue survives, and which go into it."""

    parent: int
    children: list[int]


_TAKE_OVER = (
    "UPDATE events SET issue_id = ?1 WHERE issue_id = ?2",
    "UPDATE issue_hashes SET issue_id = ?1 WHERE issue_id = ?2",
    "UPDATE user_reports SET issue_id = ?1 WHERE issue_id = ?2",
    "UPDATE activities SET issue_id = ?1 WHERE issue_id = ?2 AND type != 'first_seen'",
    "UPDATE OR IGNORE external_issues SET issue_id = ?1 WHERE issue_id = ?2",
    "INSERT INTO issue_hours (issue_id, environment, hour, count)"
    " SELECT ?1, environment, hour, count FROM issue_hours WHERE issue_id = ?2"
    " ON CONFLICT DO UPDATE SET count = count + excluded.count",
    "INSERT INTO issue_users (issue_id, user_key, first_seen, last_seen, times_seen, user_json)"
    " SELECT ?1, user_key, first_seen, last_seen, times_seen, user_json FROM issue_users WHERE issue_id = ?2"
    " ON CONFLICT DO UPDATE SET times_seen = times_seen + excluded.times_seen,"
    " first_seen = MIN(first_seen, excluded.first_seen), last_seen = MAX(last_seen, excluded.last_seen)",
    "INSERT INTO issue_tags (issue_id, key, value, count, first_seen, last_seen)"
    " SELECT ?1, key, value, count, first_seen, last_seen FROM issue_tags WHERE issue_id = ?2"
    " ON CONFLICT DO UPDATE SET count = count + excluded.count,"
    " first_seen = MIN(first_seen, excluded.first_seen), last_seen = MAX(last_seen, excluded.last_seen)",
    "INSERT INTO issue_user_state (issue_id, user_id, seen_at, is_bookmarked, is_subscribed)"
    " SELECT ?1, user_id, seen_at, is_bookmarked, is_subscribed FROM issue_user_state WHERE issue_id = ?2"
    " ON CONFLICT DO UPDATE SET is_bookmarked = MAX(is_bookmarked, excluded.is_bookmarked),"
    " is_subscribed = COALESCE(is_subscribed, excluded.is_subscribed)",
    "UPDATE issues SET times_seen = times_seen + (SELECT times_seen FROM issues WHERE id = ?2),"
    " first_seen = MIN(first_seen, (SELECT first_seen FROM issues WHERE id = ?2)),"
    " last_seen = MAX(last_seen, (SELECT last_seen FROM issues WHERE id = ?2)),"
    " num_comments = num_comments + (SELECT num_comments FROM issues WHERE id = ?2),"
    " users_seen = (SELECT count(*) FROM issue_users WHERE issue_id = ?1) WHERE id = ?1",
    "DELETE FROM issue_hours WHERE issue_id = ?2",
    "DELETE FROM issue_users WHERE issue_id = ?2",
    "DELETE FROM issue_tags WHERE issue_id = ?2",
    "DELETE FROM issue_user_state WHERE issue_id = ?2",
    "UPDATE issues SET status = 'merged', idx_status = 'merged', merged_into = ?1, idx_ready_at = 0 WHERE id = ?2",
    "UPDATE issues SET merged_into = ?1 WHERE merged_into = ?2",
)


def accept_merge(db: Database, issues: Sequence[sqlite3.Row], user_id: int | None, now: float) -> Merge:
    """Choose the issue seen most often as the survivor and take the others out of sight."""
    parent, *children = sorted(issues, key=lambda issue: (issue["times_seen"], issue["id"]), reverse=True)
    db.many(
        "UPDATE issues SET status = 'pending_merge', idx_status = 'pending_merge', idx_ready_at = 0 WHERE id = ?",
        [(child["id"],) for child in children],
    )
    named = [{"id": str(child["id"])} for child in children]
    record_activity(db, parent["id"], user_id, "merge", {"issues": named}, now)
    return Merge(parent["id"], [child["id"] for child in children])


def move_into(db: Database, parent: int, children: Sequence[int], now: float) -> None:
    """Move everything that the accepted issues had to their survivor, which may have been merged itself meanwhile."""
    survivor = db.value("SELECT COALESCE(merged_into, id) FROM issues WHERE id = ?", parent)
    for child in children:
        for statement in _TAKE_OVER:
            db.run(statement, survivor, child)
    written(db, [survivor], now, 0)
