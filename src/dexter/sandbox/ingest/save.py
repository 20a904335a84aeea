"""Files a normalized event: under its issue, which it may be the first of, and in every counter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dexter.sandbox.activity_log import record_activity
from dexter.sandbox.ingest.lifecycle import awaken
from dexter.sandbox.ingest.releases import note_environment, note_release
from dexter.sandbox.tombstones import discards

if TYPE_CHECKING:
    import sqlite3

    from dexter.sandbox.database import Database
    from dexter.sandbox.ingest.normalize import NormalizedEvent

_HOUR_S = 3600
_PRIORITIES = {"fatal": "high", "error": "high", "warning": "medium"}
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Saved:
    """Where an event went, and what became of its issue."""

    event_id: str
    issue_id: int
    is_new: bool = False
    is_duplicate: bool = False
    is_discarded: bool = False
    """Thrown away, since its issue was discarded; `issue_id` is 0 then."""
    awakened: str | None = None
    """The substatus of an issue that the event brought back: regressed, escalating, ongoing."""


def save_event(
    db: Database, project: sqlite3.Row, event: NormalizedEvent, now: float, *, index_lag_s: float = 0.0
) -> Saved:
    """File an event and give where it went. An event id the project has seen already changes nothing."""
    with db.transaction():
        known = db.one(
            "SELECT issue_id FROM events WHERE project_id = ? AND event_id = ?", project["id"], event.event_id
        )
        if known is not None:
            return Saved(event.event_id, known["issue_id"], is_duplicate=True)
        if discards(db, project["id"], event.hash, now):
            return Saved(event.event_id, 0, is_discarded=True)
        release = note_release(db, project, event.release, event.timestamp, now) if event.release else None
        if event.environment:
            note_environment(db, project, event.environment)
        issue = _find_issue(db, project["id"], event.hash)
        issue_id = issue["id"] if issue else _new_issue(db, project, event, release, now, index_lag_s)
        _store(db, project["id"], issue_id, event)
        _count(db, issue_id, event)
        _update(db, issue_id, event, release)
        awakened = awaken(db, issue_id, release, now, index_lag_s) if issue else None
        if project["first_event"] is None:
            db.run(
                "UPDATE projects SET first_event = ? WHERE id = ? AND first_event IS NULL",
                event.timestamp,
                project["id"],
            )
        return Saved(event.event_id, issue_id, is_new=issue is None, awakened=awakened)


def _find_issue(db: Database, project: int, group: str) -> sqlite3.Row | None:
    issue_id = db.value("SELECT issue_id FROM issue_hashes WHERE project_id = ? AND hash = ?", project, group)
    for _ in range(100):
        issue = None if issue_id is None else db.one("SELECT * FROM issues WHERE id = ?", issue_id)
        if issue is None or issue["status"] == "pending_deletion":
            return None
        if issue["merged_into"] is None:
            return issue
        issue_id = issue["merged_into"]
    return None


def _new_issue(
    db: Database, project: sqlite3.Row, event: NormalizedEvent, release: sqlite3.Row | None, now: float, lag_s: float
) -> int:
    db.run("UPDATE projects SET short_counter = short_counter + 1 WHERE id = ?", project["id"])
    number = db.value("SELECT short_counter FROM projects WHERE id = ?", project["id"])
    priority = _priority(event)
    release_id = release["id"] if release else None
    issue = db.insert(
        "INSERT INTO issues (project_id, short_number, title, culprit, type, metadata_json, level, logger, platform,"
        " substatus, priority, first_seen, last_seen, first_release_id, last_release_id, is_unhandled,"
        " idx_visible_at, idx_substatus, idx_priority) VALUES (?,?,?,?,?,?,?,?,?,'new',?,?,?,?,?,?,?,'new',?)",
        project["id"], number, event.title, event.culprit, event.type, _encode(event.metadata).decode(), event.level,
        event.logger, event.platform, priority, event.timestamp, event.timestamp, release_id, release_id,
        int(event.unhandled), now + lag_s, priority,
    )  # fmt: skip
    db.run(
        "INSERT INTO issue_hashes (project_id, hash, issue_id) VALUES (?1,?2,?3)"
        " ON CONFLICT DO UPDATE SET issue_id = ?3",
        project["id"], event.hash, issue,
    )  # fmt: skip
    record_activity(db, issue, None, "first_seen", {"priority": priority}, event.timestamp)
    if release_id is not None:
        db.run(
            "UPDATE release_projects SET new_groups = new_groups + 1 WHERE release_id = ? AND project_id = ?",
            release_id, project["id"],
        )  # fmt: skip
    return issue


def _priority(event: NormalizedEvent) -> str:
    """Give a new issue's priority: by level, and an error that someone caught is a step lower."""
    if event.unhandled or event.level == "fatal":
        return "high"
    priority = _PRIORITIES.get(event.level, "low")
    handled = event.tags.get("handled") == "yes"
    return "medium" if priority == "high" and handled else priority


def _store(db: Database, project: int, issue: int, event: NormalizedEvent) -> None:
    db.run(
        "INSERT INTO events (event_id, project_id, issue_id, timestamp, received, environment, release, dist, level,"
        " platform, title, message, culprit, user_key, data_json) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        event.event_id, project, issue, event.timestamp, event.received, event.environment, event.release, event.dist,
        event.level, event.platform, event.title, event.message, event.culprit, event.user_key,
        _encode(event.data).decode(),
    )  # fmt: skip
    db.run(
        "UPDATE issue_hashes SET last_event_id = ? WHERE project_id = ? AND hash = ?",
        event.event_id,
        project,
        event.hash,
    )


def _count(db: Database, issue: int, event: NormalizedEvent) -> None:
    moment = event.timestamp
    db.run(
        "INSERT INTO issue_hours (issue_id, environment, hour, count) VALUES (?,?,?,1)"
        " ON CONFLICT DO UPDATE SET count = count + 1",
        issue, event.environment or "", int(moment // _HOUR_S) * _HOUR_S,
    )  # fmt: skip
    db.many(
        "INSERT INTO issue_tags (issue_id, key, value, count, first_seen, last_seen) VALUES (?1,?2,?3,1,?4,?4)"
        " ON CONFLICT DO UPDATE SET count = count + 1, first_seen = min(first_seen, ?4),"
        " last_seen = max(last_seen, ?4)",
        [(issue, key, value, moment) for key, value in event.tags.items()],
    )
    if event.user_key is None:
        return
    known = db.value("SELECT 1 FROM issue_users WHERE issue_id = ? AND user_key = ?", issue, event.user_key)
    db.run(
        "INSERT INTO issue_users (issue_id, user_key, first_seen, last_seen, user_json) VALUES (?1,?2,?3,?3,?4)"
        " ON CONFLICT DO UPDATE SET times_seen = times_seen + 1, first_seen = min(first_seen, ?3),"
        " last_seen = max(last_seen, ?3)",
        issue, event.user_key, moment, _encode(event.user).decode(),
    )  # fmt: skip
    if known is None:
        db.run("UPDATE issues SET users_seen = users_seen + 1 WHERE id = ?", issue)


def _update(db: Database, issue: int, event: NormalizedEvent, release: sqlite3.Row | None) -> None:
    # An event that arrives late counts, but the issue keeps the face of its newest one.
    db.run(
        "UPDATE issues SET title = ?, culprit = ?, metadata_json = ?, level = ?, logger = ?, is_unhandled = ?,"
        " last_release_id = coalesce(?, last_release_id) WHERE id = ? AND last_seen <= ?",
        event.title, event.culprit, _encode(event.metadata).decode(), event.level, event.logger, int(event.unhandled),
        release["id"] if release else None, issue, event.timestamp,
    )  # fmt: skip
    db.run(
        "UPDATE issues SET times_seen = times_seen + 1, last_seen = max(last_seen, ?1),"
        " first_seen = min(first_seen, ?1) WHERE id = ?2",
        event.timestamp, issue,
    )  # fmt: skip
