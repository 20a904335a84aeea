"""The workbench's files: what a browser gets, for how long, and that nothing else can be read."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import pytest

from dexter.errors import NotFound
from dexter.gateway.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    from dexter.gateway.asgi import Response

PAGE = (("Accept", "text/html,application/xhtml+xml"),)
SCRIPT = b"console.log('dexter');" * 50


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Dexter</title>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-abc123.js").write_bytes(SCRIPT)
    (tmp_path.parent / "secret.txt").write_text("secret")
    return tmp_path


def header(response: Response, name: str) -> str | None:
    return dict(response.headers).get(name)


@pytest.mark.parametrize("path", ["/", "/issues", "/issues/42", "/issues/42/events/latest"])
def test_every_address_of_a_person_is_the_page(built: Path, path: str) -> None:
    """A pasted address must open, so the router in the browser gets them all."""
    response = Workbench(built).answer("GET", path, PAGE)
    assert (response.status, b"<title>Dexter" in response.body) == (200, True)
    assert header(response, "cache-control") == "no-cache"
    assert header(response, "content-type") == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/issues", ()),
        ("/issues", (("Accept", "application/json"),)),
        ("/assets/index-old.js", PAGE),
        ("/robots.txt", PAGE),
        ("/assets/../../secret.txt", PAGE),
        ("/../secret.txt", PAGE),
        ("//etc/passwd.txt", PAGE),
        ("/assets/..%2f..%2fsecret.txt", PAGE),
    ],
)
def test_anything_else_is_not_there(built: Path, path: str, headers: tuple[tuple[str, str], ...]) -> None:
    """A script that gets a page instead of a 404 breaks in a way nobody understands; and no file elsewhere is read."""
    with pytest.raises(NotFound):
        Workbench(built).answer("GET", path, headers)


@pytest.mark.parametrize("headers", [(), (("Accept", "*/*"),)])
def test_the_printed_address_answers_whoever_asks(built: Path, headers: tuple[tuple[str, str], ...]) -> None:
    """`curl -f http://localhost:8000/` said 404, while a browser had the workbench before it."""
    assert Workbench(built).answer("GET", "/", headers).status == 200


def test_hashed_assets_are_kept_for_ever_and_others_asked_for_again(built: Path) -> None:
    """The second visit loads nothing it has, and a new build is seen at once."""
    workbench = Workbench(built)
    asset = workbench.answer("GET", "/assets/index-abc123.js", ())
    assert header(asset, "cache-control") == "public, max-age=31536000, immutable"
    assert header(asset, "content-type") == "text/javascript; charset=utf-8"
    icon = workbench.answer("GET", "/favicon.svg", ())
    assert header(icon, "cache-control") == "no-cache"


def test_a_file_that_did_not_change_is_not_sent_again(built: Path) -> None:
    """Revalidation costs a line, not a file."""
    workbench = Workbench(built)
    etag = header(workbench.answer("GET", "/", PAGE), "etag")
    assert etag is not None
    again = workbench.answer("GET", "/", (*PAGE, ("If-None-Match", etag)))
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", None), ("", None)]
)
def test_files_are_sent_as_small_as_the_browser_takes_them(built: Path, accepted: str, encoding: str | None) -> None:
    """The first load is what people wait for."""
    response = Workbench(built).answer("GET", "/assets/index-abc123.js", (("Accept-Encoding", accepted),))
    assert header(response, "content-encoding") == encoding
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert unpack(response.body) == SCRIPT
    assert header(response, "vary") == "accept-encoding"


def test_a_new_build_is_served_without_a_restart(built: Path) -> None:
    """Whoever works on the workbench builds it again and again."""
    workbench = Workbench(built)
    workbench.answer("GET", "/", PAGE)
    (built / "assets" / "index-new.js").write_text("new")
    (built / "index.html").write_text("<title>New</title>")
    os.utime(built / "index.html", (2_000_000_000, 2_000_000_000))
    assert b"New" in workbench.answer("GET", "/", PAGE).body
    assert workbench.answer("GET", "/assets/index-new.js", ()).body == b"new"


def test_a_workbench_that_was_not_built_says_so(tmp_path: Path) -> None:
    """A blank page would be reported as a bug."""
    response = Workbench(tmp_path).answer("GET", "/", PAGE)
    assert response.status == 503
    assert b"not built" in response.body
    assert b"make install" in response.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_here_takes_a_change(built: Path, method: str) -> None:
    """The page is no API."""
    with pytest.raises(NotFound):
        Workbench(built).answer(method, "/", PAGE)
