"""Releases: made, finalized, given commits, deploys and files, archived, deleted."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from dexter.sandbox.serialize.release import version_info

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box, Reply

LIST = "/api/0/organizations/acme/releases/"
ONE = f"{LIST}shop@1.0.0/"
OF_SHOP = "/api/0/projects/acme/shop-api/releases/"
BODY = {"version": "shop@1.0.0", "projects": ["shop-api"]}


def multipart(*parts: tuple[str, str | None, bytes]) -> dict[str, Any]:
    """Give the arguments of a request that uploads `(field, filename, content)` parts."""
    lines = []
    for field, filename, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        lines.append(f'--cut\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'.encode() + content)
    body = b"\r\n".join([*lines, b"--cut--\r\n"])
    return {"body": body, "headers": {"content-type": "multipart/form-data; boundary=cut"}}


async def versions(box: Box, url: str = LIST) -> list[str]:
    return [release["version"] for release in (await box.http.get(url)).data]


async def test_a_release_is_made_once(box: Box) -> None:
    """201 the first time, 208 after, 201 again when a project joins it."""
    assert (await box.http.post(LIST, BODY)).status == 201
    assert (await box.http.post(LIST, BODY)).status == 208
    joined = await box.http.post(LIST, BODY | {"projects": ["shop-web"]})
    assert joined.status == 201
    assert [project["slug"] for project in joined.data["projects"]] == ["shop-api", "shop-web"]
    assert await versions(box) == ["shop@1.0.0"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"projects": ["shop-api"]}, "version"),
        ({"version": "1"}, "projects"),
        ({"version": "1", "projects": ["nope"]}, "projects"),
        ({"version": "latest", "projects": ["shop-api"]}, "version"),
        ({"version": "a/b", "projects": ["shop-api"]}, "version"),
        ({"version": "1", "projects": ["shop-api"], "dateReleased": "soon"}, "dateReleased"),
        ({"version": "1", "projects": ["shop-api"], "refs": [{"repository": "x", "commit": "1"}]}, "refs"),
        ({"version": "1", "projects": ["shop-api"], "status": "gone"}, "status"),
    ],
)
async def test_a_release_that_cannot_be_made_says_why(box: Box, body: dict[str, Any], field: str) -> None:
    """And leaves nothing behind."""
    reply = await box.http.post(LIST, body)
    assert reply.status == 400
    assert field in reply.data
    assert await versions(box) == []


async def test_finalizing_dates_a_release_and_puts_it_first(box: Box) -> None:
    """The newest release is the one released last."""
    await box.http.post(LIST, BODY)
    box.clock.tick(60)
    await box.http.post(LIST, BODY | {"version": "shop@1.1.0"})
    assert await versions(box) == ["shop@1.1.0", "shop@1.0.0"]
    done = await box.http.put(ONE, {"dateReleased": "2027-01-01T00:00:00Z"})
    assert done.data["dateReleased"] == "2027-01-01T00:00:00Z"
    assert await versions(box) == ["shop@1.0.0", "shop@1.1.0"]


async def test_an_archived_release_leaves_the_list(box: Box) -> None:
    """Clients archive by posting the release again without projects."""
    await box.http.post(LIST, BODY)
    assert (await box.http.post(LIST, {"version": "shop@1.0.0", "projects": [], "status": "archived"})).status == 208
    assert await versions(box) == []
    assert await versions(box, f"{LIST}?status=archived") == ["shop@1.0.0"]


async def test_a_project_address_shows_only_its_releases(box: Box) -> None:
    """Two projects share an organization, not their releases."""
    await box.http.post(LIST, BODY)
    assert (await box.http.post(OF_SHOP, {"version": "shop@2.0.0"})).status == 201
    assert set(await versions(box, OF_SHOP)) == {"shop@1.0.0", "shop@2.0.0"}
    assert await versions(box, "/api/0/projects/acme/shop-web/releases/") == []
    assert (await box.http.get("/api/0/projects/acme/shop-web/releases/shop@1.0.0/")).status == 404
    project, _ = box.key("shop-web")
    assert await versions(box, f"{LIST}?project={project}") == []


@pytest.mark.parametrize(
    ("query", "expected"), [("?query=1.0", 1), ("?query=9", 0), ("?statsPeriod=1h", 0), ("?statsPeriod=14d", 1)]
)
async def test_releases_are_narrowed(box: Box, query: str, expected: int) -> None:
    """By version and by period."""
    await box.http.post(LIST, BODY)
    box.clock.tick(7200)
    assert len(await versions(box, f"{LIST}{query}")) == expected


async def test_releases_are_narrowed_by_environment(box: Box) -> None:
    """A release is in an environment through events or deploys."""
    await box.http.post(LIST, BODY)
    await box.http.post(f"{ONE}deploys/", {"environment": "production"})
    assert await versions(box, f"{LIST}?environment=production") == ["shop@1.0.0"]
    assert await versions(box, f"{LIST}?environment=staging") == []


async def test_a_token_without_the_project_does_not_see_the_release(box: Box) -> None:
    """A release reveals its projects."""
    await box.http.post(LIST, BODY)
    web, _ = box.key("shop-web")
    box.db.run("UPDATE tokens SET projects_json = ?", json.dumps([web]))
    assert await versions(box) == []
    assert (await box.http.get(ONE)).status == 404


async def test_commits_replace_commits_and_name_their_authors(box: Box) -> None:
    """The newest commit comes first, and an author who is a user is shown as one."""
    await box.http.post(LIST, BODY)
    commits = [
        {
            "id": "b" * 40,
            "message": "second",
            "author_email": "owner@example.com",
            "author_name": "O",
            "repository": "shop",
        },
        {"id": "a" * 40, "message": "first", "patch_set": [{"path": "a.py", "type": "M"}]},
    ]
    await box.http.put(ONE, {"commits": [{"id": "c" * 40}]})
    shown = (await box.http.put(ONE, {"commits": commits})).data
    assert (shown["commitCount"], shown["lastCommit"]["id"]) == (2, "b" * 40)
    assert [author["username"] for author in shown["authors"]] == ["owner"]
    listed = (await box.http.get(f"{ONE}commits/")).data
    assert [commit["message"] for commit in listed] == ["second", "first"]
    assert [file["filename"] for file in (await box.http.get(f"{ONE}commitfiles/")).data] == ["a.py"]
    repositories = (await box.http.get("/api/0/organizations/acme/repos/")).data
    assert [repository["name"] for repository in repositories] == ["shop"]
    of_repository = (await box.http.get(f"/api/0/organizations/acme/repos/{repositories[0]['id']}/commits/")).data
    assert [commit["id"] for commit in of_repository] == ["b" * 40]


async def test_empty_refs_clear_the_commits(box: Box) -> None:
    """That is how clients take them away."""
    await box.http.post(LIST, BODY | {"commits": [{"id": "a" * 40, "repository": "shop"}]})
    assert (await box.http.put(ONE, {"refs": []})).data["commitCount"] == 0
    named = await box.http.put(ONE, {"refs": [{"repository": "shop", "commit": "d" * 40}]})
    assert named.data["lastCommit"]["id"] == "d" * 40


async def test_the_previous_release_with_commits_is_found(box: Box) -> None:
    """Clients compute the commits between two releases from it."""
    await box.http.post(LIST, BODY | {"commits": [{"id": "a" * 40}]})
    await box.http.post(LIST, {"version": "web@1", "projects": ["shop-web"], "commits": [{"id": "b" * 40}]})
    await box.http.post(LIST, BODY | {"version": "shop@1.1.0"})
    previous = (await box.http.get(f"{LIST}shop@1.1.0/previous-with-commits/")).data
    assert previous["lastCommit"]["id"] == "a" * 40
    assert (await box.http.get(f"{ONE}previous-with-commits/")).data == {}


async def test_a_deploy_brings_its_environment(box: Box) -> None:
    """The environment picker knows it before the first event."""
    await box.http.post(LIST, BODY)
    made = await box.http.post(f"{ONE}deploys/", {"environment": "production", "name": "blue"})
    assert (made.status, made.data["name"]) == (201, "blue")
    assert [deploy["environment"] for deploy in (await box.http.get(f"{ONE}deploys/")).data] == ["production"]
    environments = (await box.http.get("/api/0/projects/acme/shop-api/environments/")).data
    assert [environment["name"] for environment in environments] == ["production"]
    assert (await box.http.get(ONE)).data["lastDeploy"]["environment"] == "production"
    assert (await box.http.post(f"{ONE}deploys/", {})).data == {"environment": ["This field is required."]}


async def test_a_release_that_issues_refer_to_stays(box: Box) -> None:
    """Deleting it would leave issues without their first release."""
    await box.send({"message": "boom", "release": "shop@3.0.0"})
    assert (await box.http.delete(f"{LIST}shop@3.0.0/")).status == 400
    await box.http.post(LIST, BODY)
    assert (await box.http.delete(ONE)).status == 204
    assert (await box.http.get(ONE)).status == 404


async def test_health_says_that_there_is_none(box: Box) -> None:
    """Sessions are not kept: null figures, not invented ones."""
    await box.http.post(LIST, BODY)
    health = (await box.http.get(f"{ONE}?health=1")).data["projects"][0]["healthData"]
    assert (health["hasHealthData"], health["crashFreeSessions"]) == (False, None)
    assert "healthData" not in (await box.http.get(ONE)).data["projects"][0]


async def test_a_file_is_uploaded_read_renamed_and_deleted(box: Box) -> None:
    """What goes in comes out."""
    await box.http.post(LIST, BODY)
    sent = multipart(
        ("name", None, b"~/app.js"), ("header", None, b"Sourcemap: app.js.map"), ("file", "app.js", b"var x")
    )
    made = await box.http.request("POST", f"{ONE}files/", **sent)
    assert made.status == 201
    assert made.data["sha1"] == hashlib.sha1(b"var x", usedforsecurity=False).hexdigest()
    assert made.data["headers"] == {"Sourcemap": "app.js.map"}
    assert (await box.http.request("POST", f"{ONE}files/", **sent)).status == 409
    file = f"{ONE}files/{made.data['id']}/"
    assert (await box.http.get(f"{file}?download=1")).body == b"var x"
    assert (await box.http.put(file, {"name": "~/main.js"})).data["name"] == "~/main.js"
    assert [entry["name"] for entry in (await box.http.get(f"{ONE}files/?query=main")).data] == ["~/main.js"]
    assert (await box.http.get(f"{ONE}files/?query=app")).data == []
    assert (await box.http.delete(file)).status == 204
    assert (await box.http.get(file)).status == 404


async def test_an_upload_without_a_file_is_refused(box: Box) -> None:
    """The most common mistake of a script."""
    await box.http.post(LIST, BODY)
    reply = await box.http.request("POST", f"{ONE}files/", **multipart(("name", None, b"x")))
    assert (reply.status, reply.data) == (400, {"detail": "Missing uploaded file"})


def bundle() -> bytes:
    """A zip as clients bundle their sources."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("files/_/_/app.js", "var x")
        archive.writestr(
            "manifest.json",
            json.dumps({"files": {"files/_/_/app.js": {"url": "~/app.js", "headers": {"debug-id": "1"}}}}),
        )
    return target.getvalue()


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


async def assemble(box: Box, content: bytes, chunks: list[bytes], **more: Any) -> Reply:
    body = {"checksum": sha1(content), "chunks": [sha1(chunk) for chunk in chunks], "projects": ["shop-api"], **more}
    return await box.http.post("/api/0/organizations/acme/artifactbundle/assemble/", body)


async def test_a_bundle_is_assembled_from_its_chunks(box: Box) -> None:
    """The road of `sourcemaps upload`: ask, send what is missing, ask again."""
    options = (await box.http.get("/api/0/organizations/acme/chunk-upload/")).data
    assert options["url"].startswith("http://sentry.test/")
    content = bundle()
    chunks = [content[:100], content[100:]]
    asked = await assemble(box, content, chunks, version="shop@1.0.0")
    assert asked.data == {"state": "not_found", "missingChunks": [sha1(chunk) for chunk in chunks]}
    sent = multipart(("file", sha1(chunks[0]), chunks[0]), ("file_gzip", sha1(chunks[1]), gzip.compress(chunks[1])))
    assert (await box.http.request("POST", "/api/0/organizations/acme/chunk-upload/", **sent)).status == 200
    done = await assemble(box, content, chunks, version="shop@1.0.0")
    assert (done.data["state"], done.data["missingChunks"]) == ("ok", [])
    assert [file["name"] for file in (await box.http.get(f"{ONE}files/")).data] == ["~/app.js"]


@pytest.mark.parametrize(
    "body", [{}, {"checksum": "0"}, {"checksum": "0", "chunks": [{}]}, {"checksum": 0, "chunks": []}]
)
async def test_a_request_to_assemble_nothing_is_refused(box: Box, body: dict[str, Any]) -> None:
    """Checksum and chunks are text."""
    url = "/api/0/organizations/acme/artifactbundle/assemble/"
    assert (await box.http.post(url, {"projects": ["shop-api"], **body})).status == 400
    assert (await box.http.post(url, {"projects": ["nope"], **body})).status == 400


async def test_a_chunk_must_be_what_its_name_says(box: Box) -> None:
    """A damaged upload must not be assembled."""
    sent = multipart(("file", "0" * 40, b"other"))
    assert (await box.http.request("POST", "/api/0/organizations/acme/chunk-upload/", **sent)).status == 400


async def test_a_bundle_that_is_none_is_told(box: Box) -> None:
    """The client prints the detail."""
    await box.http.request("POST", "/api/0/organizations/acme/chunk-upload/", **multipart(("file", sha1(b"no"), b"no")))
    reply = await assemble(box, b"no", [b"no"])
    assert reply.data["state"] == "error"


@pytest.mark.parametrize(
    ("version", "package", "description", "major"),
    [
        ("shop@1.2.3", "shop", "1.2.3", 1),
        ("shop@1.2.3-rc1+45", "shop", "1.2.3-rc1 (45)", 1),
        ("2.0", None, "2.0", 2),
        ("nightly", None, "nightly", None),
        ("a1b2c3d4e5f60718293a4b5c6d7e8f9012345678", None, "a1b2c3d4e5f6", None),
        ("shop@a1b2c3d4e5f60718293a4b5c6d7e8f9012345678", "shop", "a1b2c3d4e5f6", None),
    ],
)
def test_a_version_is_taken_apart(version: str, package: str | None, description: str, major: int | None) -> None:
    """Release pickers show the short form."""
    info = version_info(version)
    assert (info["package"], info["description"], info["version"].get("major")) == (package, description, major)
