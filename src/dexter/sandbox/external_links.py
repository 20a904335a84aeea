"""The issues of other trackers that installed apps have linked to an issue."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dexter.sandbox.database import Database

Json = dict[str, Any]

APP = "ticketdesk"
"""The one app that every organization of the sandbox has installed: a tracker that lives nowhere."""


def installations(db: Database, organization: int, now: float) -> list[sqlite3.Row]:
    """Give an organization's installed apps; the sandbox's own is installed when it is first asked for."""
    rows = db.all("SELECT * FROM app_installations WHERE organization_id = ? ORDER BY id", organization)
    if rows:
        return rows
    # Made from the organization's number, so that every start and every reader names the same.
    install, app = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"{APP}/{word}{organization}")) for word in ("install", "app"))
    db.run(
        "INSERT INTO app_installations (organization_id, uuid, app_slug, app_uuid, date_created) VALUES (?,?,?,?,?)",
        organization, install, APP, app, now,
    )  # fmt: skip
    return db.all("SELECT * FROM app_installations WHERE organization_id = ? ORDER BY id", organization)


_LINKS = "SELECT x.*, a.app_slug FROM external_issues x JOIN app_installations a ON a.id = x.installation_id"


def links_of(db: Database, issue_ids: Sequence[int]) -> dict[int, list[sqlite3.Row]]:
    """Give the links of each issue that has any, the oldest first."""
    marks = ",".join("?" * len(issue_ids))
    found: dict[int, list[sqlite3.Row]] = {}
    for row in db.all(f"{_LINKS} WHERE x.issue_id IN ({marks}) ORDER BY x.id", *issue_ids):
        found.setdefault(row["issue_id"], []).append(row)
    return found


def link(db: Database, issue_id: int, installation: int, name: str, url: str, now: float) -> sqlite3.Row:
    """Link an issue of an app's to an issue; a second one of the same app replaces the first."""
    db.run(
        "INSERT INTO external_issues (issue_id, installation_id, display_name, web_url, date_created)"
        " VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET display_name = excluded.display_name,"
        " web_url = excluded.web_url",
        issue_id, installation, name, url, now,
    )  # fmt: skip
    row = db.one(f"{_LINKS} WHERE x.issue_id = ? AND x.installation_id = ?", issue_id, installation)
    assert row is not None  # noqa: S101 - written above
    return row


def link_json(row: sqlite3.Row) -> Json:
    """Give a link."""
    return {
        "id": str(row["id"]),
        "issueId": str(row["issue_id"]),
        "serviceType": row["app_slug"],
        "displayName": row["display_name"],
        "webUrl": row["web_url"],
    }


def annotation_json(row: sqlite3.Row) -> Json:
    """Give a link as issues show it beside their title."""
    return {"displayName": row["display_name"], "url": row["web_url"]}
