"""Files of a release: source maps and the like, uploaded one by one."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import Response

from dexter.sandbox.bodies import checked_body
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.release_lookup import Found, find_release
from dexter.sandbox.replies import detail, empty_reply, invalid, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.release import release_file_json

if TYPE_CHECKING:
    import sqlite3

    from starlette.datastructures import FormData

    from dexter.sandbox.request import SandboxRequest

ORG = "/api/0/organizations/{organization_id_or_slug}/releases/{version}/files/"
PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/releases/{version}/files/"


@serves("GET", ORG)
@serves("GET", PROJECT)
async def files(request: SandboxRequest) -> Response:
    """Give a release's files by name; `query` looks in names, `checksum` names contents."""
    release = find_release(request).release
    rows = request.db.all("SELECT * FROM release_files WHERE release_id = ? ORDER BY name, id", release["id"])
    words = [word.lower() for word in request.query.getlist("query")]
    sums = request.query.getlist("checksum")
    rows = [row for row in rows if all(word in row["name"].lower() for word in words)]
    page = paginate_offset(request, [row for row in rows if not sums or row["sha1"] in sums])
    return page.reply(request, [release_file_json(row) for row in page.rows])


@serves("POST", ORG)
@serves("POST", PROJECT)
async def upload_file(request: SandboxRequest) -> Response:
    """Take in one file as multipart; 409 for a name and dist that the release has already."""
    found = find_release(request)
    async with request.http.form() as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise invalid("Missing uploaded file")
        name = _checked_name(str(form.get("name") or upload.filename or ""))
        dist = str(form.get("dist") or "") or None
        headers = _headers(form)
        content = await upload.read()
    if _exists(request, found, name, dist):
        raise detail(409, "A file matching this name already exists for the given release")
    file = request.db.insert(
        "INSERT INTO release_files (release_id, project_id, name, dist, sha1, size, headers_json, content,"
        " date_created) VALUES (?,?,?,?,?,?,?,?,?)",
        found.release["id"], found.project["id"] if found.project is not None else None, name, dist,
        hashlib.sha1(content, usedforsecurity=False).hexdigest(), len(content), json.dumps(headers), content,
        request.now,
    )  # fmt: skip
    return json_reply(release_file_json(_row(request, found, str(file))), 201)


def _checked_name(name: str) -> str:
    if not name:
        raise invalid("File name must be specified")
    if any(character in name for character in "\r\n\f\t\x00"):
        raise invalid("File name must not contain special whitespace characters")
    return name


def _headers(form: FormData) -> dict[str, str]:
    headers = {}
    for text in form.getlist("header"):
        name, colon, value = str(text).partition(":")
        if not colon:
            raise invalid("header value was not formatted correctly")
        headers[name.strip()] = value.strip()
    return headers


def _exists(request: SandboxRequest, found: Found, name: str, dist: str | None) -> bool:
    return bool(
        request.db.value(
            "SELECT 1 FROM release_files WHERE release_id = ? AND name = ? AND dist IS ?",
            found.release["id"], name, dist,
        )
    )  # fmt: skip


@serves("GET", f"{ORG}{{file_id}}/")
@serves("GET", f"{PROJECT}{{file_id}}/")
async def file(request: SandboxRequest) -> Response:
    """Give what is known of a file, or with `download` its content."""
    row = _row(request, find_release(request), request.params["file_id"])
    if request.query.get("download") is None:
        return json_reply(release_file_json(row))
    name = quote(row["name"].rpartition("/")[2] or "file")
    disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(row["content"] or b"", 200, disposition, media_type="application/octet-stream")


@serves("PUT", f"{ORG}{{file_id}}/")
@serves("PUT", f"{PROJECT}{{file_id}}/")
async def rename_file(request: SandboxRequest) -> Response:
    """Give a file another name."""
    found = find_release(request)
    row = _row(request, found, request.params["file_id"])
    body = await checked_body(request)
    request.db.run("UPDATE release_files SET name = ? WHERE id = ?", str(body["name"]), row["id"])
    return json_reply(release_file_json(_row(request, found, str(row["id"]))))


@serves("DELETE", f"{ORG}{{file_id}}/")
@serves("DELETE", f"{PROJECT}{{file_id}}/")
async def delete_file(request: SandboxRequest) -> Response:
    """Delete a file."""
    row = _row(request, find_release(request), request.params["file_id"])
    request.db.run("DELETE FROM release_files WHERE id = ?", row["id"])
    return empty_reply(204)


def _row(request: SandboxRequest, found: Found, file_id: str) -> sqlite3.Row:
    row = request.db.one(
        "SELECT * FROM release_files WHERE release_id = ? AND CAST(id AS TEXT) = ?", found.release["id"], file_id
    )
    if row is None:
        raise not_found()
    return row
