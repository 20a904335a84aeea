"""Who an issue may be assigned to: the forms a caller may write, and the rules of the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.sandbox.issue_changes import InvalidChanges

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from dexter.sandbox.database import Database

UNREADABLE = "Could not parse actor. Format should be `type:id` where type is `team` or `user`."


@dataclass(frozen=True, slots=True)
class Assignee:
    """A user or a team of the organization; neither to unassign."""

    user: sqlite3.Row | None = None
    team: sqlite3.Row | None = None


def find_assignee(db: Database, organization_id: int, text: str | None) -> Assignee:
    """Give whom `12`, `user:12`, `team:3`, a username or an address names; `""` and null nobody."""
    if not text:
        return Assignee()
    kind, _, number = text.rpartition(":")
    if kind == "team" and number.isdecimal():
        return Assignee(team=_team(db, organization_id, int(number[:18])))
    if kind in ("", "user") and number.isdecimal():
        return Assignee(user=_user(db, organization_id, int(number[:18])))
    user = db.one("SELECT * FROM users WHERE username = ? OR email = ? ORDER BY username = ? DESC", text, text, text)
    if user is None:
        raise _refused(UNREADABLE)
    return Assignee(user=_user(db, organization_id, user["id"]))


def _team(db: Database, organization_id: int, team_id: int) -> sqlite3.Row:
    row = db.one("SELECT * FROM teams WHERE id = ?", team_id)
    if row is None:
        raise _refused("team does not exist")
    if row["organization_id"] != organization_id:
        raise _refused("Team is not a member of this organization")
    return row


def _user(db: Database, organization_id: int, user_id: int) -> sqlite3.Row:
    row = db.one("SELECT * FROM users WHERE id = ?", user_id)
    if row is None:
        raise _refused("user does not exist")
    member = db.value("SELECT 1 FROM members WHERE organization_id = ? AND user_id = ?", organization_id, user_id)
    if not member:
        raise _refused("User is not a member of this organization")
    return row


def demand_access(db: Database, assignee: Assignee, project_ids: Iterable[int]) -> None:
    """Raise unless the assignee may have issues of every one of the projects: one that bars them fails all."""
    if assignee.user is not None and not assignee.user["is_active"]:
        raise _refused("Cannot assign to a deactivated member")
    for project_id in project_ids:
        if assignee.team is not None and not team_has(db, assignee.team["id"], project_id):
            raise _refused("Cannot assign to a team without access to the project")
        if assignee.user is not None and not is_project_member(db, assignee.user["id"], project_id):
            raise _refused("Cannot assign to non-team member")


def team_has(db: Database, team_id: int, project_id: int) -> bool:
    """Tell whether a project is among a team's."""
    return bool(db.value("SELECT 1 FROM project_teams WHERE team_id = ? AND project_id = ?", team_id, project_id))


def is_project_member(db: Database, user_id: int, project_id: int) -> bool:
    """Tell whether a user is in one of the project's teams."""
    return bool(
        db.value(
            "SELECT 1 FROM project_teams pt JOIN team_members tm ON tm.team_id = pt.team_id"
            " JOIN members m ON m.id = tm.member_id WHERE pt.project_id = ? AND m.user_id = ?",
            project_id, user_id,
        )
    )  # fmt: skip


def _refused(text: str) -> InvalidChanges:
    return InvalidChanges({"assignedTo": [text]})
