"""Every operation, public or private, answers with a body that validates, from memory or sampled."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.json_schema import faults_in

from dexter.catalog.table import operation, routed_operations, schema
from dexter.catalog.template import fill, placeholders
from dexter.sandbox.founding import make_member
from dexter.sandbox.sampled import sample_value

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

    from dexter.catalog.operation import Operation

pytestmark = pytest.mark.breadth

ALL = [known.key for known in routed_operations()]

SHA1_OF_FILE = hashlib.sha1(b"var x", usedforsecurity=False).hexdigest()
SEARCH = {"type": 0, "name": "Mine", "query": "is:unresolved", "sort": "date", "visibility": "organization"}
VIEW = {"name": "Mine", "query": "is:unresolved"}
LINK = {"issueId": 1, "webUrl": "https://tickets.example/7", "project": "shop", "identifier": "7"}
EVENT_ID = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
EVENT = {
    "event_id": EVENT_ID,
    "platform": "python",
    "release": "shop@1.0.0",
    "environment": "production",
    "exception": {
        "values": [
            {
                "type": "ValueError",
                "value": "no such basket",
                "stacktrace": {"frames": [{"filename": "shop/basket.py", "function": "find", "in_app": True}]},
            }
        ]
    },
    "tags": {"browser": "Firefox"},
}

QUERIES: dict[str, list[tuple[str, str]]] = {
    "GET /api/0/organizations/{organization_id_or_slug}/issues/": [
        ("expand", part)
        for part in ("inbox", "owners", "integrationIssues", "sentryAppIssues", "sessions", "latestEventHasAttachments")
    ],
    "GET /api/0/organizations/{organization_id_or_slug}/issues-stats/": [("groups", "1")],
}
"""What an operation wants in its query beside what the table says is required."""

EXCUSED = {
    "GET /api/0/organizations/{organization_id_or_slug}/issues/": ("/owners: ", "/sessionCount: None"),
    "GET /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/": ("/annotations/0: ",),
}
"""Where Sentry's document says something else than Sentry does: a list of owners is one, a link is its text."""

BODIES: dict[str, Any] = {
    "PUT /api/0/organizations/{organization_id_or_slug}/": {"name": "Acme again"},
    "PUT /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/": {"name": "Shop again"},
    "PUT /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/environments/": {
        "environmentNames": ["production"],
        "isHidden": True,
    },
    "PUT /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/filters/{filter_id}/": {"active": True},
    "PUT /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/ownership/": {"raw": "path:src/* #web"},
    "POST /api/0/organizations/{organization_id_or_slug}/projects/": {"name": "Another"},
    "POST /api/0/teams/{organization_id_or_slug}/{team_id_or_slug}/projects/": {"name": "Another"},
    "POST /api/0/organizations/{organization_id_or_slug}/teams/": {"name": "Another"},
    "PUT /api/0/teams/{organization_id_or_slug}/{team_id_or_slug}/": {"slug": "crew"},
    "POST /api/0/organizations/{organization_id_or_slug}/members/": {"email": "new@example.com"},
    "PUT /api/0/organizations/{organization_id_or_slug}/members/{member_id}/": {"orgRole": "owner"},
    "POST /api/0/organizations/{organization_id_or_slug}/releases/": {"version": "2.0", "projects": ["shop-api"]},
    "PUT /api/0/organizations/{organization_id_or_slug}/releases/{version}/": {"ref": "main"},
    "PUT /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/releases/{version}/": {"ref": "main"},
    "POST /api/0/organizations/{organization_id_or_slug}/artifactbundle/assemble/": {
        "checksum": "0" * 40,
        "chunks": ["0" * 40],
        "projects": ["shop-api"],
    },
    "POST /api/0/organizations/{organization_id_or_slug}/searches/": SEARCH
    | {"name": "Another", "query": "is:ignored"},
    "PUT /api/0/organizations/{organization_id_or_slug}/searches/{search_id}/": SEARCH,
    "PUT /api/0/organizations/{organization_id_or_slug}/pinned-searches/": {"type": 0, "query": "is:unresolved"},
    "POST /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/user-feedback/": {
        "event_id": EVENT_ID,
        "name": "Eve",
        "email": "eve@example.com",
        "comments": "It broke.",
    },
    "POST /api/0/organizations/{organization_id_or_slug}/group-search-views/": VIEW,
    "PUT /api/0/organizations/{organization_id_or_slug}/group-search-views/{view_id}/": VIEW,
    "POST /api/0/sentry-app-installations/{uuid}/external-issues/": LINK,
    "PUT /api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/": {"status": "resolved"},
    "PUT /api/0/organizations/{organization_id_or_slug}/issues/": {
        "status": "ignored",
        "substatus": "archived_until_escalating",
    },
    "PUT /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/": {
        "status": "ignored",
        "statusDetails": {},
        "isPublic": False,
    },
}
BODIES |= {
    f"{method} /api/0/organizations/{{organization_id_or_slug}}/issues/{{issue_id}}/{address}/": {"text": "once more"}
    for word in ("comments", "notes")
    for method, address in (("POST", word), ("PUT", f"{word}/{{note_id}}"))
}
"""Bodies that mean something to the sandbox's own data; every other one is made from the request's schema."""


async def furnish(box: Box) -> dict[str, str]:
    """Make one of everything that a path can name, and give the names."""
    await box.send(EVENT)
    user = box.db.insert(
        "INSERT INTO users (username, email, name, date_joined) VALUES ('dev', 'dev@example.com', 'Dev', ?)",
        box.clock.now,
    )
    member = make_member(box.db, 1, user, "dev@example.com", "member")
    box.db.run("INSERT INTO team_members (team_id, member_id) SELECT id, ? FROM teams", member)
    await box.http.post("/api/0/organizations/acme/releases/", {"version": "empty@1.0.0", "projects": ["shop-api"]})
    release = box.db.value("SELECT id FROM releases WHERE version = 'empty@1.0.0'")
    file = box.db.insert(
        "INSERT INTO release_files (release_id, project_id, name, sha1, size, content, date_created)"
        " VALUES (?,?,?,?,?,?,?)",
        release, box.key()[0], "~/app.js", "0" * 40, 3, b"abc", box.clock.now,
    )  # fmt: skip
    commit = box.db.insert(
        "INSERT INTO commits (organization_id, release_id, repository, sha, author_email, date_created)"
        " VALUES (1,?,?,?,?,?)",
        release, "shop", "f" * 40, "dev@example.com", box.clock.now,
    )  # fmt: skip
    suspect = {
        "id": "e" * 40,
        "author_email": "dev@example.com",
        "patch_set": [{"path": "shop/basket.py", "type": "M"}],
    }
    await box.http.put("/api/0/organizations/acme/releases/shop@1.0.0/", {"commits": [suspect]})
    issue = str(box.db.value("SELECT id FROM issues LIMIT 1"))
    installations = await box.http.get("/api/0/organizations/acme/sentry-app-installations/")
    installation = installations.data[0]["uuid"]
    link = await box.http.post(f"/api/0/sentry-app-installations/{installation}/external-issues/", LINK)
    view = await box.http.post("/api/0/organizations/acme/group-search-views/", VIEW)
    await box.http.put(f"/api/0/organizations/acme/issues/{issue}/", {"isPublic": True})
    tombstone = box.db.insert(
        "INSERT INTO tombstones (project_id, previous_issue_id, title, type, level, metadata_json, date_added)"
        " VALUES (?,0,'Old','error','error','{}',?)",
        box.key()[0], box.clock.now,
    )  # fmt: skip
    note = await box.http.post(f"/api/0/organizations/acme/issues/{issue}/comments/", {"text": "seen"})
    search = await box.http.post("/api/0/organizations/acme/searches/", SEARCH)
    attachment = box.db.insert(
        "INSERT INTO attachments (event_id, project_id, name, content_type, size, sha1, content, date_created)"
        " VALUES (?,?,?,?,?,?,?,?)",
        EVENT_ID, box.key()[0], "log.txt", "text/plain", 3, "0" * 40, b"abc", box.clock.now,
    )  # fmt: skip
    return {
        "organization_id_or_slug": "acme",
        "project_id_or_slug": "shop-api",
        "team_id_or_slug": "engineering",
        "member_id": str(member),
        "key_id": box.key()[1],
        "version": "empty@1.0.0",
        "file_id": str(file),
        "repo_id": str(commit),
        "environment": "production",
        "issue_id": issue,
        "note_id": note.data["id"],
        "event_id": EVENT_ID,
        "search_id": search.data["id"],
        "attachment_id": str(attachment),
        "key": "browser",
        "filter_id": "localhost",
        "uuid": installation,
        "external_issue_id": link.data["id"],
        "view_id": view.data["id"],
        "tombstone_id": str(tombstone),
        "share_id": box.db.value("SELECT share_id FROM issues WHERE id = ?", issue),
    }


@cache
def _made_body(key: str) -> Any:
    request = operation(key).request
    assert request
    return sample_value(request.schema, f"body of {key}", schema) if request.schema else {}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


async def call(box: Box, known: Operation) -> Any:
    named = await furnish(box)
    if known.key.startswith("POST") and known.path.endswith("/members/{member_id}/teams/{team_id_or_slug}/"):
        box.db.run("DELETE FROM team_members")
    if "shortids" in known.path:
        named["issue_id"] = "SHOP-API-1"
    path = fill(known.path, {name: named.get(name, "4711") for name in placeholders(known.path)})
    query = [
        (parameter.name, str(value))
        for parameter in known.parameters
        if parameter.where == "query" and parameter.required
        for value in _as_list(sample_value(parameter.schema, parameter.name, schema))
    ]
    asked = [*query, *QUERIES.get(known.key, [])]
    if known.request and known.request.media_type == "multipart/form-data":
        boundary = "----box"
        part = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{SHA1_OF_FILE}"\r\n\r\nvar x\r\n'
        )
        content = f"{part}--{boundary}--\r\n".encode()
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return await box.http.request(known.method, path, query=asked, body=content, headers=headers)
    data = BODIES.get(known.key, _made_body(known.key) if known.request else None)
    return await box.http.request(known.method, path, query=asked, data=data)


@pytest.mark.parametrize("key", ALL)
async def test_an_operation_answers_what_its_schema_promises(box: Box, key: str) -> None:
    """A client generated from Sentry's document must be able to read every answer."""
    known = operation(key)
    reply = await call(box, known)
    assert reply.status in [status for status in known.responses if status < 400], reply.body[:500]
    promised = known.responses[reply.status]
    if promised is None:
        return
    assert reply.body, "a promise of JSON is not kept by an empty body, which no client can read"
    if promised.schema is None:
        return
    excused = EXCUSED.get(key, ())
    assert [
        fault for fault in faults_in(reply.data, promised.schema) if not any(map(fault.__contains__, excused))
    ] == []


def test_the_validator_sees_a_wrong_body() -> None:
    """The test above could not fail if the validator accepted anything."""
    promised = operation("GET /api/0/organizations/").responses[200]
    assert promised
    assert faults_in([{"id": 1}], promised.schema)
    assert faults_in({}, promised.schema)
