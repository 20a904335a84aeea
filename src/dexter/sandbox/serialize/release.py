"""A release with its projects, commits, deploys and files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.commit import author_json, commit_json
from dexter.sandbox.serialize.deploy import deploy_json
from dexter.sandbox.serialize.moment import iso, iso_or_none
from dexter.sandbox.serialize.project import platforms

if TYPE_CHECKING:
    import sqlite3

    from dexter.sandbox.database import Database

_SEMVER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(?:-?([a-zA-Z][\w.-]*))?(?:\+([\w.-]+))?")
_HASH = re.compile(r"[0-9a-f]{12}|[0-9a-f]{40}")


def release_json(db: Database, row: sqlite3.Row, *, health: bool = False) -> dict[str, Any]:
    """Give a release. `health` adds session figures, of which the sandbox keeps none: they say so."""
    commits = db.all("SELECT * FROM commits WHERE release_id = ? ORDER BY date_created DESC, id DESC", row["id"])
    deploys = db.all("SELECT * FROM deploys WHERE release_id = ? ORDER BY date_finished DESC, id DESC", row["id"])
    projects = db.all(
        "SELECT p.*, r.new_groups, r.first_event AS seen_first, r.last_event AS seen_last"
        " FROM release_projects r JOIN projects p ON p.id = r.project_id WHERE r.release_id = ? ORDER BY p.slug",
        row["id"],
    )
    info = version_info(row["version"])
    return {
        "id": row["id"],
        "version": row["version"],
        "status": row["status"],
        "shortVersion": info["description"],
        "versionInfo": info,
        "ref": row["ref"],
        "url": row["url"],
        "dateReleased": iso_or_none(row["date_released"]),
        "dateCreated": iso(row["date_created"]),
        "dateStarted": None,
        "data": json.loads(row["data_json"]),
        "newGroups": sum(project["new_groups"] for project in projects),
        "owner": None,
        "commitCount": len(commits),
        "lastCommit": commit_json(db, commits[0]) if commits else None,
        "deployCount": len(deploys),
        "lastDeploy": deploy_json(deploys[0]) if deploys else None,
        "authors": _authors(db, commits),
        "projects": [_project(db, row, project, health=health) for project in projects],
        "firstEvent": iso_or_none(min((p["seen_first"] for p in projects if p["seen_first"]), default=None)),
        "lastEvent": iso_or_none(max((p["seen_last"] for p in projects if p["seen_last"]), default=None)),
        "currentProjectMeta": {},
        "userAgent": None,
        **({"adoptionStages": {}} if health else {}),
    }


def _project(db: Database, release: sqlite3.Row, project: sqlite3.Row, *, health: bool) -> dict[str, Any]:
    shown = {
        "id": project["id"],
        "slug": project["slug"],
        "name": project["name"],
        "platform": project["platform"],
        "platforms": platforms(db, project["id"]),
        "hasHealthData": False,
        "newGroups": project["new_groups"],
        "dateReleased": iso_or_none(release["date_released"]),
        "dateCreated": iso(release["date_created"]),
        "dateStarted": None,
    }
    return shown | ({"healthData": _NO_HEALTH} if health else {})


_NO_HEALTH: dict[str, Any] = {
    **dict.fromkeys(
        (
            "durationP50", "durationP90", "crashFreeUsers", "crashFreeSessions", "totalUsers", "totalUsers24h",
            "totalProjectUsers24h", "totalSessions", "totalSessions24h", "totalProjectSessions24h", "adoption",
            "sessionsAdoption",
        )
    ),
    "sessionsCrashed": 0,
    "sessionsErrored": 0,
    "hasHealthData": False,
    "stats": {},
}  # fmt: skip


def _authors(db: Database, commits: list[sqlite3.Row]) -> list[dict[str, Any]]:
    names = {row["author_email"].lower(): row["author_name"] for row in reversed(commits) if row["author_email"]}
    return [author_json(db, name, email) for email, name in names.items()]


def version_info(version: str) -> dict[str, Any]:
    """Take a version apart: `package@1.2.3-rc1+build`; what is not of that form stands whole under `raw`."""
    package, at, rest = version.rpartition("@")
    match = _SEMVER.fullmatch(rest) if at else _SEMVER.fullmatch(version)
    if match is None or (not at and _HASH.fullmatch(version)):
        short = rest[:12] if _HASH.fullmatch(rest) else rest
        hashed = rest if _HASH.fullmatch(rest) else None
        return {"package": package or None, "version": {"raw": rest}, "description": short, "buildHash": hashed}
    major, minor, patch, revision, pre, build = match.groups()
    parts: dict[str, Any] = {
        "raw": rest,
        "major": int(major),
        "minor": int(minor or 0),
        "patch": int(patch or 0),
        "pre": pre,
        "buildCode": build,
        "components": sum(part is not None for part in (major, minor, patch, revision)),
    }
    hashed = build if build and _HASH.fullmatch(build) else None
    described = rest.partition("+")[0] + (f" ({build[:12]})" if build else "")
    return {"package": package or None, "version": parts, "description": described, "buildHash": hashed}


def release_file_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give a file of a release, without its content."""
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "dist": row["dist"],
        "headers": json.loads(row["headers_json"]),
        "size": row["size"],
        "sha1": row["sha1"],
        "dateCreated": iso(row["date_created"]),
    }
