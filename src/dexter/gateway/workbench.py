"""Serves the built workbench: a fixed set of files, and index.html for every address that a person can be at."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from dexter.errors import NotFound
from dexter.gateway.asgi import AsgiSend, Receive, Response, Scope, headers_of, send_response
from dexter.wire import Headers, header

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/manifest+json")

NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Dexter</title>
<body style="font: 16px/1.5 system-ui; max-width: 40em; margin: 4em auto; padding: 0 1em">
<h1>The workbench is not built</h1>
<p>The gateway runs, but this installation carries no workbench. In a checkout, <code>make install</code> builds it;
a wheel from <code>make wheel</code> carries it.</p>
<p>The API answers all the same: <a href="/docs">its documentation</a>.</p>
"""

GREETING = Response(
    200,
    b'{"message":"Dexter, the Sentry companion. A browser gets the workbench here; /docs describes the API."}',
    (("content-type", "application/json"), ("cache-control", "no-cache"), ("vary", "accept")),
)
"""What scripts get that try whether Dexter is there: they say nothing of HTML."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the workbench, ready to be sent."""

    body: bytes
    media_type: str
    etag: str
    cache_control: str


class Workbench:
    """Answers for everything that is no API. Only files found in the directory are ever opened."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or Path(__file__).parent.parent / "workbench"
        self._files: dict[str, Path] = {}
        self._built_at = -1.0

    async def __call__(self, scope: Scope, _receive: Receive, send: AsgiSend) -> None:
        response = self.answer(scope["method"], scope["path"], headers_of(scope))
        await send_response(send, response, head=scope["method"] == "HEAD")

    def answer(self, method: str, path: str, headers: Headers) -> Response:
        """Give a file, the page itself for a person's address, or raise NotFound."""
        if method not in ("GET", "HEAD"):
            raise NotFound("Nothing takes this method here.")
        found = self._listed().get(path.lstrip("/"))
        if found is not None and path != "/":
            return _sent(_file(found, found.stat().st_mtime), headers)
        if path == "/" and "text/html" not in (header(headers, "accept") or ""):
            return GREETING
        if not _is_page(path, headers):
            raise NotFound("There is nothing at this address.")
        index = self._listed().get("index.html")
        if index is None:
            return Response(
                503, NOT_BUILT, (("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"))
            )
        return _sent(_file(index, index.stat().st_mtime), headers)

    def _listed(self) -> dict[str, Path]:
        """Give the files by their address; listed anew when the workbench was built anew."""
        index = self._directory / "index.html"
        built_at = index.stat().st_mtime if index.is_file() else 0.0
        if built_at != self._built_at:
            self._files = {
                file.relative_to(self._directory).as_posix(): file
                for file in (self._directory.rglob("*") if built_at else ())
                if file.is_file()
            }
            self._built_at = built_at
        return self._files


def _is_page(path: str, headers: Headers) -> bool:
    """Whether a browser asks for a page: it says that it takes HTML, and the address names no file."""
    return "text/html" in (header(headers, "accept") or "") and "." not in path.rsplit("/", 1)[-1]


@lru_cache(maxsize=512)
def _file(path: Path, _modified: float) -> File:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media_type.startswith("text/") or media_type.endswith("javascript"):
        media_type += "; charset=utf-8"
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    return File(body, media_type, etag, IMMUTABLE if path.parent.name == "assets" else REVALIDATE)


def _sent(file: File, headers: Headers) -> Response:
    common = (("etag", file.etag), ("cache-control", file.cache_control), ("vary", "accept-encoding"))
    if file.etag in (header(headers, "if-none-match") or ""):
        return Response(304, b"", common)
    accepted = header(headers, "accept-encoding") or ""
    for encoding in ("br", "gzip"):
        if encoding in accepted and file.media_type.startswith(_COMPRESSIBLE):
            body = _packed(file, encoding)
            return Response(200, body, (*common, ("content-type", file.media_type), ("content-encoding", encoding)))
    return Response(200, file.body, (*common, ("content-type", file.media_type)))


@lru_cache(maxsize=512)
def _packed(file: File, encoding: str) -> bytes:
    return bytes(brotli.compress(file.body, quality=9)) if encoding == "br" else gzip.compress(file.body, 9, mtime=0)
