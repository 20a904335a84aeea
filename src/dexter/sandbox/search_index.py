"""The search index's lag: what search sees follows what was written once its time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.sandbox.database import Database

_FOLLOW = (
    "idx_status = status, idx_substatus = substatus, idx_priority = priority,"
    " idx_assigned_user_id = assigned_user_id, idx_assigned_team_id = assigned_team_id, idx_ready_at = 0"
)


def written(db: Database, issue_ids: Iterable[int], now: float, lag_s: float) -> None:
    """Tell the index that issues changed: it follows at once without lag, otherwise when the lag has passed."""
    if lag_s <= 0:
        db.many(f"UPDATE issues SET {_FOLLOW} WHERE id = ?", [(issue,) for issue in issue_ids])  # noqa: S608
        return
    db.many("UPDATE issues SET idx_ready_at = ? WHERE id = ?", [(now + lag_s, issue) for issue in issue_ids])


def catch_up(db: Database, now: float) -> None:
    """Let the index follow every write whose lag has passed; run before each search."""
    db.run(f"UPDATE issues SET {_FOLLOW} WHERE idx_ready_at > 0 AND idx_ready_at <= ?", now)  # noqa: S608
