"""Commits of releases, and the repositories they were in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.release_lookup import find_release
from dexter.sandbox.replies import SentryError, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.search.time_range import parse_moment
from dexter.sandbox.serialize.commit import commit_json, repository_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

ORG = "/api/0/organizations/{organization_id_or_slug}/releases/{version}/"
PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/releases/{version}/"
REPOSITORIES = "/api/0/organizations/{organization_id_or_slug}/repos/"


@serves("GET", f"{ORG}commits/")
@serves("GET", f"{PROJECT}commits/")
async def commits(request: SandboxRequest) -> Response:
    """Give a release's commits, the newest first."""
    return _page(request, _of_release(request, _release_id(request)))


@serves("GET", f"{ORG}commitfiles/")
async def commit_files(request: SandboxRequest) -> Response:
    """Give the files that a release's commits changed."""
    data = request.db.value("SELECT data_json FROM releases WHERE id = ?", _release_id(request))
    files: list[dict[str, Any]] = json.loads(data).get("files", [])
    page = paginate_offset(request, files)
    return page.reply(request, page.rows)


@serves("GET", f"{ORG}previous-with-commits/", scopes=("project:read", "project:releases", "org:ci"))
async def previous_with_commits(request: SandboxRequest) -> Response:
    """Give the release before this one, of a project of its own, that has commits; `{}` where there is none."""
    from dexter.sandbox.serialize.release import release_json

    release_id = _release_id(request)
    row = request.db.one(
        "SELECT r.* FROM releases r JOIN releases own ON own.id = ? WHERE r.organization_id = own.organization_id"
        " AND (r.date_created, r.id) < (own.date_created, own.id)"
        " AND EXISTS (SELECT 1 FROM commits c WHERE c.release_id = r.id)"
        " AND EXISTS (SELECT 1 FROM release_projects p JOIN release_projects o ON o.project_id = p.project_id"
        " WHERE p.release_id = r.id AND o.release_id = own.id) ORDER BY r.date_created DESC, r.id DESC LIMIT 1",
        release_id,
    )  # fmt: skip
    return json_reply({} if row is None else release_json(request.db, row))


@serves("GET", REPOSITORIES)
async def repositories(request: SandboxRequest) -> Response:
    """Give the repositories that commits were named with; none is connected to a provider."""
    page = paginate_offset(request, _repositories(request))
    return page.reply(request, [repository_json(row["id"], row["name"], row["since"]) for row in page.rows])


@serves("GET", f"{REPOSITORIES}{{repo_id}}/commits/")
async def repository_commits(request: SandboxRequest) -> Response:
    """Give a repository's commits, the newest first."""
    for row in _repositories(request):
        if str(row["id"]) == request.params["repo_id"]:
            return _page(
                request,
                request.db.all(
                    "SELECT * FROM commits WHERE organization_id = ? AND repository = ?"
                    " ORDER BY date_created DESC, id DESC",
                    request.organization["id"], row["name"],
                ),
            )  # fmt: skip
    raise not_found()


def _repositories(request: SandboxRequest) -> list[sqlite3.Row]:
    """A repository is known by its commits; its id is that of the first of them."""
    return request.db.all(
        "SELECT min(id) AS id, repository AS name, min(date_created) AS since FROM commits"
        " WHERE organization_id = ? AND repository IS NOT NULL GROUP BY repository ORDER BY repository",
        request.organization["id"],
    )


def _release_id(request: SandboxRequest) -> int:
    return int(find_release(request).release["id"])


def _of_release(request: SandboxRequest, release_id: int) -> list[sqlite3.Row]:
    return request.db.all("SELECT * FROM commits WHERE release_id = ? ORDER BY date_created DESC, id DESC", release_id)


def _page(request: SandboxRequest, rows: Sequence[sqlite3.Row]) -> Response:
    page = paginate_offset(request, rows)
    return page.reply(request, [commit_json(request.db, row) for row in page.rows])


def set_commits(request: SandboxRequest, release_id: int, given: list[dict[str, Any]]) -> None:
    """Make the given commits, the newest first, those of a release in place of what it had."""
    clear_commits(request, release_id)
    rows = []
    for number, commit in enumerate(given):
        when = parse_moment(str(commit["timestamp"])) if commit.get("timestamp") else request.now - number
        if when is None:
            raise SentryError(400, {"commits": [{"timestamp": ["Datetime has wrong format. Use ISO 8601."]}]})
        rows.append(
            (
                request.organization["id"], release_id, commit.get("repository"), str(commit["id"]),
                commit.get("message"), commit.get("author_name"), commit.get("author_email"), when,
            )
        )  # fmt: skip
    request.db.many(
        "DELETE FROM commits WHERE organization_id = ? AND release_id IS NULL AND sha = ?",
        [(request.organization["id"], str(commit["id"])) for commit in given],
    )
    files = {str(commit["id"]): commit.get("patch_set") or () for commit in given}
    for row in reversed(rows):
        commit_id = request.db.insert(
            "INSERT INTO commits (organization_id, release_id, repository, sha, message, author_name, author_email,"
            " date_created) VALUES (?,?,?,?,?,?,?,?)",
            *row,
        )
        request.db.many(
            "INSERT OR IGNORE INTO commit_files (commit_id, filename, kind) VALUES (?,?,?)",
            [(commit_id, patch["path"], patch["type"]) for patch in files[row[3]]],
        )
    _remember_files(request, release_id, given)


def clear_commits(request: SandboxRequest, release_id: int) -> None:
    """Take a release's commits away; their repositories stay known."""
    request.db.run("UPDATE commits SET release_id = NULL WHERE release_id = ?", release_id)


def _remember_files(request: SandboxRequest, release_id: int, given: list[dict[str, Any]]) -> None:
    files = [
        {"id": str(number), "filename": patch["path"], "type": patch["type"], "commitMessage": commit.get("message")}
        for number, (commit, patch) in enumerate(
            ((commit, patch) for commit in given for patch in commit.get("patch_set") or ()), start=1
        )
    ]
    data = json.loads(request.db.value("SELECT data_json FROM releases WHERE id = ?", release_id))
    request.db.run("UPDATE releases SET data_json = ? WHERE id = ?", json.dumps({**data, "files": files}), release_id)


def set_refs(request: SandboxRequest, release_id: int, refs: list[dict[str, Any]]) -> None:
    """Make the head of each named repository a commit of a release; 400 for a repository that nobody named yet."""
    known = {row["name"] for row in _repositories(request)}
    unknown = sorted({str(ref["repository"]) for ref in refs} - known)
    if unknown:
        raise SentryError(400, {"refs": [f"Unable to find repositories: {', '.join(unknown)}"]})
    for ref in refs:
        request.db.run(
            "INSERT INTO commits (organization_id, release_id, repository, sha, date_created) VALUES (?,?,?,?,?)",
            request.organization["id"], release_id, ref["repository"], ref.get("commit") or ref.get("currentId"),
            request.now,
        )  # fmt: skip
