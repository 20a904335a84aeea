"""Releases and commits that a resolution is tied to: found, or refused in Sentry's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.issue_changes import Changes, InvalidChanges
from dexter.sandbox.replies import invalid
from dexter.sandbox.serialize.commit import commit_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dexter.sandbox.database import Database

_SEVERAL = {
    "inNextRelease": "Cannot set resolved in next release for multiple projects.",
    "inUpcomingRelease": "Cannot set resolved in upcoming release for multiple projects.",
    "inRelease": "Cannot set resolved for multiple projects.",
    "inCommit": "Cannot set resolved for multiple projects.",
}


def resolution_details(
    db: Database, changes: Changes, project_ids: Sequence[int], organization_id: int
) -> dict[str, Any]:
    """Give the `statusDetails` a resolution ends with, empty for one that is tied to nothing."""
    kind = changes.resolution
    if kind == "now":
        return {}
    if len(set(project_ids)) > 1:
        raise invalid(_SEVERAL[kind])
    project_id = project_ids[0]
    if kind == "inRelease":
        return {"inRelease": _named_release(db, str(changes.details["inRelease"]), project_id, organization_id)}
    if kind == "inCommit":
        return {"inCommit": _commit(db, changes.details["inCommit"], organization_id)}
    if kind == "inNextRelease" and latest_release(db, project_id) is None:
        raise _refused(kind, "No release data present in the system to form a basis for 'Next Release'")
    return {kind: True}


def latest_release(db: Database, project_id: int) -> sqlite3.Row | None:
    """Give a project's newest release."""
    return db.one(
        "SELECT r.* FROM releases r JOIN release_projects rp ON rp.release_id = r.id WHERE rp.project_id = ?"
        " ORDER BY COALESCE(r.date_released, r.date_created) DESC, r.id DESC LIMIT 1",
        project_id,
    )


def _named_release(db: Database, version: str, project_id: int, organization_id: int) -> str:
    if version == "latest":
        release = latest_release(db, project_id)
        if release is None:
            raise _refused("inRelease", "No release data present in the system to form a basis for 'Next Release'")
        return str(release["version"])
    known = db.value(
        "SELECT 1 FROM releases r JOIN release_projects rp ON rp.release_id = r.id"
        " WHERE r.organization_id = ? AND r.version = ? AND rp.project_id = ?",
        organization_id, version, project_id,
    )  # fmt: skip
    if not known:
        raise _refused("inRelease", "Unable to find a release with the given version.")
    return version


def _commit(db: Database, asked: dict[str, Any], organization_id: int) -> dict[str, Any]:
    repository = db.value(
        "SELECT 1 FROM commits WHERE organization_id = ? AND repository = ?", organization_id, asked["repository"]
    )
    if not repository:
        raise _refused_commit("repository", "Unable to find the given repository.")
    row = db.one(
        "SELECT * FROM commits WHERE organization_id = ? AND repository = ? AND sha = ?",
        organization_id, asked["repository"], asked["commit"],
    )  # fmt: skip
    if row is None:
        raise _refused_commit("commit", "Unable to find the given commit.")
    return commit_json(db, row)


def _refused(field: str, text: str) -> InvalidChanges:
    return InvalidChanges({"statusDetails": {field: [text]}})


def _refused_commit(field: str, text: str) -> InvalidChanges:
    return InvalidChanges({"statusDetails": {"inCommit": {field: [text]}}})
