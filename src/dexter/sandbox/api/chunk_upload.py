"""Uploads in chunks: what `sentry-cli` sends source maps and debug files with.

Chunks are named by the SHA-1 of their content and kept in memory until a file is assembled of them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from dexter.sandbox.replies import SentryError, empty_reply, invalid, json_reply
from dexter.sandbox.request import find_project
from dexter.sandbox.routing import serves

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

UPLOAD = "/api/0/organizations/{organization_id_or_slug}/chunk-upload/"
BUNDLE = "/api/0/organizations/{organization_id_or_slug}/artifactbundle/assemble/"
RELEASE = "/api/0/organizations/{organization_id_or_slug}/releases/{version}/assemble/"
DEBUG_FILES = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/files/difs/assemble/"

SCOPES = ("project:read", "project:write", "project:admin", "project:releases", "org:ci")
CHUNK_BYTES = 8 * 1024 * 1024
REQUEST_BYTES = 32 * 1024 * 1024
CHUNKS_PER_REQUEST = 64
KEPT_BYTES = 256 * 1024 * 1024
ACCEPTED = ("release_files", "sources", "artifact_bundles", "artifact_bundles_v2")


@serves("GET", UPLOAD, scopes=SCOPES)
async def upload_options(request: SandboxRequest) -> Response:
    """Give where to send chunks, and of what size."""
    slug = request.organization["slug"]
    return json_reply(
        {
            "url": f"{request.base_url}/api/0/organizations/{slug}/chunk-upload/",
            "chunkSize": CHUNK_BYTES,
            "chunksPerRequest": CHUNKS_PER_REQUEST,
            "maxFileSize": KEPT_BYTES,
            "maxRequestSize": REQUEST_BYTES,
            "concurrency": 8,
            "hashAlgorithm": "sha1",
            "compression": ["gzip"],
            "accept": list(ACCEPTED),
        }
    )


@serves("POST", UPLOAD, scopes=SCOPES)
async def upload_chunks(request: SandboxRequest) -> Response:
    """Take in chunks as multipart: `file` as they are, `file_gzip` compressed."""
    _ = request.organization
    async with request.http.form(max_files=CHUNKS_PER_REQUEST) as form:
        chunks = [await _content(part, upload) for part, upload in form.multi_items() if isinstance(upload, UploadFile)]
    if not chunks:
        return json_reply("", 200)
    kept = _shelf(request)
    for checksum, content in chunks:
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() != checksum:
            raise invalid("Checksum missmatch")
        kept[checksum] = content
    while sum(map(len, kept.values())) > KEPT_BYTES:
        del kept[next(iter(kept))]
    return empty_reply(200)


async def _content(part: str, upload: UploadFile) -> tuple[str, bytes]:
    raw = await upload.read()
    if part == "file_gzip":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as error:
            raise invalid("Invalid gzip chunk") from error
    if len(raw) > CHUNK_BYTES:
        raise invalid("Chunk size too large")
    return upload.filename or "", raw


def _shelf(request: SandboxRequest) -> dict[str, bytes]:
    kept: dict[str, bytes] = request.sandbox.shelf.setdefault(__name__, {})
    return kept


@serves("POST", BUNDLE, scopes=SCOPES)
async def assemble_bundle(request: SandboxRequest) -> Response:
    """Put an artifact bundle together and file its sources under the release it names."""
    body = await request.json_object()
    names = body.get("projects")
    if not isinstance(names, list) or not names:
        raise SentryError(400, {"error": "You need to specify at least one project"})
    projects = [find_project(request.db, request.organization["id"], str(name)) for name in names]
    if any(project is None or not request.actor.sees(project["id"]) for project in projects):
        raise SentryError(400, {"error": "One or more projects are invalid"})
    return _assemble(request, body, body.get("version"), [project["id"] for project in projects if project is not None])


@serves("POST", RELEASE, scopes=SCOPES)
async def assemble_release(request: SandboxRequest) -> Response:
    """Put a release's bundle together, as older clients send it."""
    body = await request.json_object()
    return _assemble(request, body, request.params["version"], [])


@serves("POST", DEBUG_FILES, scopes=SCOPES)
async def assemble_debug_files(request: SandboxRequest) -> Response:
    """Say of every debug file that it is not taken: the sandbox symbolicates nothing."""
    request.project()
    told = {"state": "error", "missingChunks": [], "detail": "The sandbox keeps no debug files."}
    return json_reply(dict.fromkeys(await request.json_object(), told))


def _assemble(request: SandboxRequest, body: dict[str, Any], version: str | None, projects: list[int]) -> Response:
    checksum, chunks = body.get("checksum"), body.get("chunks")
    if not isinstance(checksum, str) or not isinstance(chunks, list) or not all(isinstance(c, str) for c in chunks):
        raise SentryError(400, {"error": "checksum and chunks are required"})
    kept, done = _shelf(request), request.sandbox.shelf.setdefault(f"{__name__}.assembled", set())
    if checksum in done:
        return json_reply({"state": "ok", "missingChunks": []})
    missing = [chunk for chunk in chunks if chunk not in kept]
    if missing or not chunks:
        return json_reply({"state": "not_found", "missingChunks": missing})
    content = b"".join(kept[chunk] for chunk in chunks)
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != checksum:
        return json_reply({"state": "error", "missingChunks": [], "detail": "Reported checksum mismatch"})
    try:
        files = _unpacked(content)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        return json_reply({"state": "error", "missingChunks": [], "detail": f"Failed to open bundle: {error}"})
    if version:
        _file_under(request, str(version), str(body.get("dist") or "") or None, projects, files)
    done.add(checksum)
    return json_reply({"state": "ok", "missingChunks": []})


def _unpacked(content: bytes) -> list[tuple[str, dict[str, str], bytes]]:
    """Give address, headers and content of every source in a bundle, as its manifest lists them."""
    # A source bundle stands before its zip with a short header of its own, which zipfile skips.
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        return [
            (str(entry.get("url") or path), dict(entry.get("headers") or {}), bundle.read(path))
            for path, entry in manifest.get("files", {}).items()
        ]


def _file_under(
    request: SandboxRequest,
    version: str,
    dist: str | None,
    projects: list[int],
    files: list[tuple[str, dict[str, str], bytes]],
) -> None:
    db, organization = request.db, request.organization["id"]
    with db.transaction():
        db.run(
            "INSERT OR IGNORE INTO releases (organization_id, version, date_created) VALUES (?,?,?)",
            organization, version, request.now,
        )  # fmt: skip
        release = db.value("SELECT id FROM releases WHERE organization_id = ? AND version = ?", organization, version)
        db.many(
            "INSERT OR IGNORE INTO release_projects (release_id, project_id) VALUES (?,?)",
            [(release, project) for project in projects],
        )
        for name, headers, content in files:
            db.run("DELETE FROM release_files WHERE release_id = ? AND name = ? AND dist IS ?", release, name, dist)
            db.run(
                "INSERT INTO release_files (release_id, name, dist, sha1, size, headers_json, content, date_created)"
                " VALUES (?,?,?,?,?,?,?,?)",
                release, name, dist, hashlib.sha1(content, usedforsecurity=False).hexdigest(), len(content),
                json.dumps(headers), content, request.now,
            )  # fmt: skip
