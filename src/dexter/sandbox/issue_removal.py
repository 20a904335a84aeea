"""Deleting issues: gone from every answer at once, from the memory a moment later."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dexter.sandbox.database import Database

_TABLES = (
    "DELETE FROM issue_hours WHERE issue_id = ?",
    "DELETE FROM issue_users WHERE issue_id = ?",
    "DELETE FROM issue_tags WHERE issue_id = ?",
    "DELETE FROM issue_user_state WHERE issue_id = ?",
    "DELETE FROM activities WHERE issue_id = ?",
    "DELETE FROM external_issues WHERE issue_id = ?",
    "DELETE FROM user_reports WHERE issue_id = ?",
    "DELETE FROM attachments WHERE (project_id, event_id) IN"
    " (SELECT project_id, event_id FROM events WHERE issue_id = ?)",
    "DELETE FROM events WHERE issue_id = ?",
)


def mark_for_deletion(db: Database, issue_ids: Sequence[int]) -> None:
    """Take issues out of sight. Their hashes go at once, so the next such event makes a new issue."""
    with db.transaction():
        for issue_id in issue_ids:
            db.run("UPDATE issues SET status = 'pending_deletion', substatus = NULL WHERE id = ?", issue_id)
            db.run("DELETE FROM issue_hashes WHERE issue_id = ?", issue_id)


async def purge(db: Database, issue_ids: Sequence[int]) -> None:
    """Forget everything that hangs on marked issues; runs after the reply has gone out."""
    # The bare row stays, so that its id never comes back as another issue's: clients keep ids.
    with db.transaction():
        for issue_id in issue_ids:
            for statement in _TABLES:
                db.run(statement, issue_id)
