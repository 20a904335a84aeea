"""Notices every change that Sentry tells apps of, whichever handler made it.

Triggers of this connection write down what happens to activities and events. They do it within the transaction that
makes the change: what is taken back was never noticed, and what is noticed has happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.sandbox.database import Database

_SCHEMA = (
    "CREATE TEMP TABLE IF NOT EXISTS noticed (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
    " issue_id INTEGER NOT NULL, user_id INTEGER, subject_id INTEGER NOT NULL, data_json TEXT NOT NULL)",
    "CREATE TEMP TRIGGER IF NOT EXISTS notice_activity AFTER INSERT ON main.activities BEGIN"
    " INSERT INTO noticed (kind, issue_id, user_id, subject_id, data_json)"
    " VALUES (NEW.type, NEW.issue_id, NEW.user_id, NEW.id, NEW.data_json); END",
    "CREATE TEMP TRIGGER IF NOT EXISTS notice_edit AFTER UPDATE OF data_json ON main.activities"
    " WHEN NEW.type = 'note' BEGIN"
    " INSERT INTO noticed (kind, issue_id, user_id, subject_id, data_json)"
    " VALUES ('note_edited', NEW.issue_id, NEW.user_id, NEW.id, NEW.data_json); END",
    # The comments of an issue that goes away go unmentioned.
    "CREATE TEMP TRIGGER IF NOT EXISTS notice_withdrawal AFTER DELETE ON main.activities WHEN OLD.type = 'note'"
    " AND (SELECT status FROM issues WHERE id = OLD.issue_id) != 'pending_deletion' BEGIN"
    " INSERT INTO noticed (kind, issue_id, user_id, subject_id, data_json)"
    " VALUES ('note_deleted', OLD.issue_id, OLD.user_id, OLD.id, OLD.data_json); END",
    "CREATE TEMP TRIGGER IF NOT EXISTS notice_event AFTER INSERT ON main.events BEGIN"
    " INSERT INTO noticed (kind, issue_id, subject_id, data_json) VALUES ('event', NEW.issue_id, NEW.id, '{}'); END",
)
_TRIGGERS = ("notice_activity", "notice_edit", "notice_withdrawal", "notice_event")


@dataclass(frozen=True, slots=True)
class Noticed:
    """One change: an activity's type, `note_edited`, `note_deleted` or `event`; whose, by whom, and what it says."""

    kind: str
    issue_id: int
    user_id: int | None
    subject_id: int
    """The number of the activity or of the event's row."""
    data: Mapping[str, Any]


def begin(db: Database) -> None:
    """Notice changes from now on."""
    for statement in _SCHEMA:
        db.run(statement)


def end(db: Database) -> None:
    """Notice nothing any more."""
    for name in _TRIGGERS:
        db.run(f"DROP TRIGGER IF EXISTS temp.{name}")
    db.run("DROP TABLE IF EXISTS temp.noticed")


def take(db: Database) -> list[Noticed]:
    """Give what was noticed since this was asked last, in order."""
    rows = db.all("SELECT * FROM temp.noticed ORDER BY id")
    if rows:
        db.run("DELETE FROM temp.noticed WHERE id <= ?", rows[-1]["id"])
    return [
        Noticed(row["kind"], row["issue_id"], row["user_id"], row["subject_id"], msgspec.json.decode(row["data_json"]))
        for row in rows
    ]
