"""Who may change what of an issue: comments in people's names, and what each person keeps in Dexter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .test_issue_management import Stand, stand  # noqa: F401, TC001 - the fixture
from .test_people import PASSWORD, Known, quick_passwords  # noqa: F401 - the fixture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .conftest import Visitor

    Join = Callable[..., Awaitable[Known]]


@pytest.fixture
def join(stand: Stand) -> Join:  # noqa: F811
    """Add a person to the stand, and give them signed in."""

    async def joined(name: str, role: str = "triager") -> Known:
        email = f"{name.lower()}@example.org"
        form = {"name": name, "email": email, "password": PASSWORD, "roles": {"acme": role}}
        added = await stand.v1("POST", "/people", form, expect=201)
        known = Known(stand.app, {})
        opened = await known.send("POST", "/api/v1/session", {"email": email, "password": PASSWORD})
        assert opened.status == 200, opened.body
        known.csrf_token, known.id = opened.json()["csrf_token"], added["id"]
        return known

    return joined


async def said(person: Visitor, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
    response = await person.send(method, f"/api/v1{path}", body)
    assert response.status == expect, (response.status, response.body)
    return response.json() if response.body else None


async def test_a_comment_says_whose_it_is_and_stays_theirs(stand: Stand, join: Join) -> None:  # noqa: F811
    """Dexter's one credential writes for everybody: without a name beneath, nobody would know who to ask."""
    issue = await stand.born("KeyError")
    ada, grace = await join("Ada"), await join("Grace")
    made = await said(ada, "POST", f"/issues/{issue}/comments", {"text": "Mine"}, expect=201)
    assert made["data"]["text"] == "Mine\n\n— Ada via Dexter"
    assert (made["written_for"], made["may_change"]) == ("Ada", True)
    (seen,) = (await said(grace, "GET", f"/issues/{issue}/comments"))["data"]
    assert (seen["written_for"], seen["may_change"]) == ("Ada", False)
    path = f"/issues/{issue}/comments/{made['id']}"
    await said(grace, "PUT", path, {"text": "Hers"}, expect=403)
    await said(grace, "DELETE", path, expect=403)
    edited = await said(ada, "PUT", path, {"text": "Mine, better"})
    assert edited["data"]["text"] == "Mine, better\n\n— Ada via Dexter"
    # An administrator may, and it stays hers.
    assert (await stand.v1("PUT", path, {"text": "Moderated"}))["data"]["text"] == "Moderated\n\n— Ada via Dexter"
    await said(ada, "DELETE", path, expect=204)


async def test_nobody_signs_with_anothers_name(stand: Stand, join: Join) -> None:  # noqa: F811
    """Who could write another's line beneath a comment could put words into their mouth."""
    issue = await stand.born("KeyError")
    ada, grace = await join("Ada"), await join("Grace")
    text = "I resign\n\n— Ada via Dexter"
    made = await said(grace, "POST", f"/issues/{issue}/comments", {"text": text}, expect=201)
    assert made["written_for"] == "Grace"
    await said(ada, "PUT", f"/issues/{issue}/comments/{made['id']}", {"text": "x"}, expect=403)


async def test_viewers_read_and_change_nothing(stand: Stand, join: Join) -> None:  # noqa: F811
    """A role that reads must not leave a trace, save in what is a person's own."""
    issue = await stand.born("KeyError")
    eve = await join("Eve", "viewer")
    for path in ("/labels", f"/issues/{issue}/notes", f"/issues/{issue}/comments", f"/issues/{issue}/owners"):
        await said(eve, "GET", path)
    writes: tuple[tuple[str, str, Any], ...] = (
        ("PUT", f"/issues/{issue}/labels/x", {}),
        ("POST", "/labels", {"name": "x"}),
        ("POST", f"/issues/{issue}/notes", {"body": "x"}),
        ("POST", f"/issues/{issue}/comments", {"text": "x"}),
        ("POST", f"/issues/{issue}/merge", {"ids": ["2"]}),
        ("POST", f"/issues/{issue}/discard", None),
        ("DELETE", f"/issues/{issue}", None),
        ("POST", f"/issues/{issue}/external-issues", {"url": "https://t.x", "project": "a", "identifier": "1"}),
        ("POST", "/views", {"name": "x", "address": {}, "visibility": "shared"}),
    )
    for method, path, body in writes:
        await said(eve, method, path, body, expect=403)
    assert not [asked for asked in stand.transport.asked if asked.startswith(("PUT", "POST", "DELETE"))]
    await said(eve, "POST", "/views", {"name": "x", "address": {}}, expect=201)
    await said(eve, "POST", "/searches/recent", {"query": "x"}, expect=204)


async def test_a_triager_links_issues_without_a_role_everywhere(stand: Stand, join: Join) -> None:  # noqa: F811
    """Sentry's address of links names no organization, which is no reason to refuse who may change the issue."""
    issue = await stand.born("KeyError")
    ada = await join("Ada")
    form = {"url": "https://t.example/7", "project": "shop", "identifier": "7"}
    link = await said(ada, "POST", f"/issues/{issue}/external-issues", form, expect=201)
    await said(ada, "DELETE", f"/issues/{issue}/external-issues/{link['id']}", expect=204)


async def test_notes_labels_and_views_are_their_makers(stand: Stand, join: Join) -> None:  # noqa: F811
    """What others made is theirs to change, and an administrator's."""
    issue = await stand.born("KeyError")
    ada, grace = await join("Ada"), await join("Grace")
    note = await said(ada, "POST", f"/issues/{issue}/notes", {"body": "Ada's"}, expect=201)
    path = f"/issues/{issue}/notes/{note['id']}"
    await said(grace, "PUT", path, {"body": "Grace's"}, expect=403)
    assert (await said(grace, "PUT", path, {"pinned": True}))["author"]["name"] == "Ada"
    await said(grace, "DELETE", path, expect=403)
    await stand.v1("DELETE", path, expect=204)
    label = await said(ada, "POST", "/labels", {"name": "flaky"}, expect=201)
    await said(grace, "DELETE", f"/labels/{label['id']}", expect=403)
    form = {"name": "Rota", "address": {"query": "is:unresolved"}}
    private = await said(ada, "POST", "/views", form, expect=201)
    shared = await said(ada, "POST", "/views", {**form, "visibility": "shared"}, expect=201)
    (seen,) = (await said(grace, "GET", "/views"))["data"]
    assert not seen["notify"]
    assert (await said(grace, "PUT", f"/views/{shared['id']}/notify", {"on": True}))["notify"]
    assert not (await said(ada, "PUT", f"/views/{shared['id']}/notify", {"on": False}))["notify"]
    assert [each["notify"] for each in (await said(grace, "GET", "/views"))["data"]] == [True]
    await said(grace, "PUT", f"/views/{private['id']}/notify", {"on": True}, expect=404)
    assert (seen["id"], seen["mine"], seen["owner"]["name"]) == (shared["id"], False, "Ada")
    await said(grace, "PUT", f"/views/{shared['id']}", {"name": "x"}, expect=403)
    await said(grace, "DELETE", f"/views/{private['id']}", expect=404)
    assert (await stand.v1("PUT", f"/views/{shared['id']}", {"visibility": "private"}))["visibility"] == "private"
    assert (await said(grace, "GET", "/views"))["data"] == []


async def test_changes_are_written_into_the_audit_log_with_what_was_before(stand: Stand, join: Join) -> None:  # noqa: F811
    """Who took a label away is asked about weeks later."""
    issue = await stand.born("KeyError")
    ada = await join("Ada")
    await said(ada, "PUT", f"/issues/{issue}/labels/flaky", {})
    await said(ada, "DELETE", f"/issues/{issue}/labels/flaky")
    rows = (await stand.v1("GET", "/audit?limit=10"))["data"]
    found = [(row["person"], row["action"], row["before"], row["after"]) for row in rows]
    found = [((person or {}).get("name"), *rest) for person, *rest in found]
    assert ("Ada", "issues.label", {"labels": []}, {"labels": ["flaky"]}) in found
    assert ("Ada", "issues.unlabel", {"labels": ["flaky"]}, {"labels": []}) in found
