"""Finding the issue that an address names, whatever way it names it."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dexter.sandbox.issue_states import GONE, HIDDEN_SQL
from dexter.sandbox.replies import not_found, permission_denied
from dexter.sandbox.search.short_id import parse_short_id
from dexter.sandbox.serialize.issue import View
from dexter.sandbox.snooze import wake_due

if TYPE_CHECKING:
    import sqlite3

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

_EVENT_ID = re.compile(r"[0-9a-f]{32}")


def requested_issue(request: SandboxRequest) -> sqlite3.Row:
    """Give the issue of the path's `issue_id`: a number or a short id, a merged one as its survivor.

    404 for one that does not exist or awaits deletion, 403 for one in a project out of the token's reach.
    Addresses without an organization find the issue in any organization the actor belongs to.
    """
    wake_due(request.db, request.now)
    row = _survivor(request.db, _named(request, request.params["issue_id"]))
    if row is None or row["status"] in GONE:
        raise not_found()
    if not _belongs(request, row):
        raise not_found()
    if not request.actor.sees(row["project_id"]):
        raise permission_denied()
    return row


def _named(request: SandboxRequest, name: str) -> sqlite3.Row | None:
    if name.isascii() and name.isdecimal():
        return request.db.one("SELECT * FROM issues WHERE id = ?", int(name[:18]))
    if "organization_id_or_slug" not in request.params:
        return None
    return issue_by_short_id(request.db, request.organization["id"], name)


def issue_by_short_id(db: Database, organization_id: int, text: str) -> sqlite3.Row | None:
    """Give the issue with a short id, None for none or for what is no short id."""
    parsed = parse_short_id(text)
    if parsed is None:
        return None
    slug, number = parsed
    return db.one(
        "SELECT i.* FROM issues i JOIN projects p ON p.id = i.project_id"
        " WHERE p.organization_id = ? AND p.slug = ? AND i.short_number = ?",
        organization_id, slug, number,
    )  # fmt: skip


def issues_by_event_id(db: Database, project_ids: list[int], event_id: str) -> list[sqlite3.Row]:
    """Give the issues that hold an event with this id within some projects."""
    marks = ",".join("?" * len(project_ids))
    return db.all(
        f"SELECT i.* FROM issues i WHERE i.id IN (SELECT issue_id FROM events WHERE event_id = ?"
        f" AND project_id IN ({marks})) AND i.status NOT IN {HIDDEN_SQL}",
        event_id, *project_ids,
    )  # fmt: skip


def normalized_event_id(text: str) -> str | None:
    """Give 32 hex digits for an event id written with or without dashes, None for anything else."""
    squeezed = text.strip().replace("-", "").lower()
    return squeezed if _EVENT_ID.fullmatch(squeezed) else None


def view_of(request: SandboxRequest) -> View:
    """Give for whom issues are shown and where their pages stand."""
    if "organization_id_or_slug" in request.params:
        slug = request.organization["slug"]
    else:
        slug = request.db.value(
            "SELECT o.slug FROM organizations o JOIN projects p ON p.organization_id = o.id"
            " JOIN issues i ON i.project_id = p.id WHERE i.id = ?",
            request.params["issue_id"],
        )
    return View(request.actor.user_id, request.base_url, slug)


def _survivor(db: Database, row: sqlite3.Row | None) -> sqlite3.Row | None:
    while row is not None and row["merged_into"] is not None:
        row = db.one("SELECT * FROM issues WHERE id = ?", row["merged_into"])
    return row


def _belongs(request: SandboxRequest, row: sqlite3.Row) -> bool:
    organization = request.db.value("SELECT organization_id FROM projects WHERE id = ?", row["project_id"])
    if "organization_id_or_slug" in request.params:
        return bool(organization == request.organization["id"])
    user_id = request.actor.user_id
    return user_id is None or bool(
        request.db.value("SELECT 1 FROM members WHERE organization_id = ? AND user_id = ?", organization, user_id)
    )
