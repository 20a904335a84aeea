"""What Sentry has accepted and does a moment later: merging, parting. Without lag it is done at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.issue_merge import move_into
from dexter.sandbox.issue_unmerge import unmerge_hashes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.sandbox.database import Database


def do_or_defer(db: Database, kind: str, payload: Mapping[str, Any], now: float, lag_s: float) -> None:
    """Do a piece of work, or write it down for when the lag has passed."""
    if lag_s <= 0:
        _WORK[kind](db, payload, now)
        return
    db.run(
        "INSERT INTO pending_work (due_at, kind, payload_json) VALUES (?,?,?)",
        now + lag_s, kind, msgspec.json.encode(payload).decode(),
    )  # fmt: skip


def do_due(db: Database, now: float) -> None:
    """Do the work whose time has come, in the order in which it was accepted."""
    if db.value("SELECT 1 FROM pending_work WHERE due_at <= ? LIMIT 1", now) is None:
        return
    with db.transaction():
        for row in db.all("SELECT * FROM pending_work WHERE due_at <= ? ORDER BY id", now):
            _WORK[row["kind"]](db, msgspec.json.decode(row["payload_json"]), now)
            db.run("DELETE FROM pending_work WHERE id = ?", row["id"])


def _merge(db: Database, payload: Mapping[str, Any], now: float) -> None:
    move_into(db, payload["parent"], payload["children"], now)


def _unmerge(db: Database, payload: Mapping[str, Any], now: float) -> None:
    issue = db.one("SELECT * FROM issues WHERE id = ?", payload["issue"])
    if issue is not None:
        unmerge_hashes(db, issue, payload["hashes"], payload["user"], now)


_WORK = {"merge": _merge, "unmerge": _unmerge}
