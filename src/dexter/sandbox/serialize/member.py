"""A membership: a user in an organization, or someone invited to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.roles import ORG_ROLES, org_role_list, team_role_list
from dexter.sandbox.serialize.user import user_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from dexter.sandbox.database import Database

_FLAGS = (
    "idp:provisioned", "idp:role-restricted", "sso:linked", "sso:invalid",
    "member-limit:restricted", "partnership:restricted",
)  # fmt: skip


def members_json(db: Database, rows: Iterable[sqlite3.Row]) -> list[dict[str, Any]]:
    """Give memberships as lists show them."""
    rows = list(rows)
    ids = sorted({row["user_id"] for row in rows if row["user_id"] is not None})
    marks = ",".join("?" * len(ids))
    users = {row["id"]: row for row in db.all(f"SELECT * FROM users WHERE id IN ({marks})", *ids)}  # noqa: S608
    return [_member(row, users.get(row["user_id"])) for row in rows]


def member_detail_json(db: Database, row: sqlite3.Row) -> dict[str, Any]:
    """Give one membership with its teams and the roles there are."""
    teams = db.all(
        "SELECT t.slug, m.role FROM team_members m JOIN teams t ON t.id = m.team_id"
        " WHERE m.member_id = ? ORDER BY t.slug",
        row["id"],
    )
    owners = db.value(
        "SELECT count(*) FROM members WHERE organization_id = ? AND role = 'owner' AND pending = 0",
        row["organization_id"],
    )
    return {
        **members_json(db, [row])[0],
        "role": row["role"],
        "roleName": ORG_ROLES[row["role"]][0] if row["role"] in ORG_ROLES else row["role"].title(),
        "teams": [team["slug"] for team in teams],
        "teamRoles": [{"teamSlug": team["slug"], "role": team["role"]} for team in teams],
        "invite_link": None,
        "isOnlyOwner": row["role"] == "owner" and owners == 1,
        "orgRoleList": org_role_list(),
        "teamRoleList": team_role_list(),
    }


def _member(row: sqlite3.Row, user: sqlite3.Row | None) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "email": row["email"],
        "name": user["name"] if user is not None else row["email"],
        "user": None if user is None else user_json(user),
        "orgRole": row["role"],
        "pending": bool(row["pending"]),
        "expired": False,
        "flags": dict.fromkeys(_FLAGS, False),
        "dateCreated": iso(row["date_created"]),
        "inviteStatus": "approved",
        "inviterName": None,
        "externalUsers": [],
    }
