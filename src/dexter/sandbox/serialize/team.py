"""A team, as someone who asks sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.user import LETTER_AVATAR

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from dexter.sandbox.database import Database

_ACCESS = ("event:", "project:", "org:read", "team:", "member:read", "alerts:")


def teams_json(
    db: Database, rows: Iterable[sqlite3.Row], *, user_id: int | None, access: Iterable[str]
) -> list[dict[str, Any]]:
    """Give teams with their member counts, and the asking user's part in them."""
    counts = {
        row["team_id"]: row["members"]
        for row in db.all("SELECT team_id, count(*) AS members FROM team_members GROUP BY team_id")
    }
    own = {
        row["team_id"]: row["role"]
        for row in db.all(
            "SELECT t.team_id, t.role FROM team_members t JOIN members m ON m.id = t.member_id WHERE m.user_id = ?",
            user_id,
        )
    }
    scopes = sorted(scope for scope in access if scope.startswith(_ACCESS))
    return [_team(row, counts, own, scopes) for row in rows]


def team_json(db: Database, row: sqlite3.Row, *, user_id: int | None, access: Iterable[str]) -> dict[str, Any]:
    """Give one team."""
    return teams_json(db, [row], user_id=user_id, access=access)[0]


def team_ref(row: sqlite3.Row) -> dict[str, str]:
    """Give a team as projects name it."""
    return {"id": str(row["id"]), "name": row["name"], "slug": row["slug"]}


def _team(
    row: sqlite3.Row, counts: Mapping[int, int], own: Mapping[int, str | None], scopes: list[str]
) -> dict[str, Any]:
    member = row["id"] in own
    return {
        "id": str(row["id"]),
        "slug": row["slug"],
        "name": row["name"],
        "dateCreated": iso(row["date_created"]),
        "isMember": member,
        "teamRole": (own[row["id"]] or "contributor") if member else None,
        "flags": {"idp:provisioned": False},
        "access": scopes,
        "hasAccess": True,
        "isPending": False,
        "memberCount": counts.get(row["id"], 0),
        "avatar": LETTER_AVATAR,
    }
