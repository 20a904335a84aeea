"""What happened to an issue, written down as Sentry's activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.sandbox.database import Database


def record_activity(
    db: Database, issue_id: int, user_id: int | None, kind: str, data: Mapping[str, Any], now: float
) -> int:
    """Write an activity down and give its id; `kind` is Sentry's word, such as `set_resolved`."""
    return db.insert(
        "INSERT INTO activities (issue_id, user_id, type, data_json, date_created) VALUES (?,?,?,?,?)",
        issue_id, user_id, kind, msgspec.json.encode(data).decode(), now,
    )  # fmt: skip
