"""The dispatcher answers what Sentry answers when nothing, or not quite the right thing, was asked for."""

from __future__ import annotations

from typing import Any

from dexter.catalog.table import operations, routed_operations
from dexter.sandbox.routing import targets

ISSUES = "/api/0/organizations/acme/issues"


async def test_an_unknown_route_is_an_empty_404(box: Any) -> None:
    """Clients tell a missing route from a missing resource by the empty body."""
    reply = await box.http.get("/api/0/nothing/here/")
    assert (reply.status, reply.body) == (404, b"")


async def test_a_forgotten_slash_is_told_and_not_redirected(box: Any) -> None:
    """A redirect would turn a PUT into a GET; Sentry does not send one."""
    reply = await box.http.get(ISSUES, headers={"accept": "application/json"})
    assert reply.status == 404
    assert reply.data["info"].endswith(f"try: {ISSUES}/")
    plain = await box.http.get(ISSUES, headers={"content-type": "", "accept": "text/html"})
    assert plain.headers["content-type"].startswith("text/plain")


async def test_a_method_that_is_not_served_is_a_405(box: Any) -> None:
    """The Allow header says what would work."""
    reply = await box.http.post("/api/0/organizations/acme/issues/", {})
    assert (reply.status, reply.data) == (405, {"detail": 'Method "POST" not allowed.'})
    assert {"GET", "PUT", "DELETE"} <= set(reply.headers["allow"].split(", "))


async def test_head_answers_as_get(box: Any) -> None:
    """Health checks and link checkers ask with HEAD."""
    assert (await box.http.request("HEAD", "/api/0/organizations/acme/issues/")).status == 200


async def test_groups_is_the_older_word_for_issues(box: Any) -> None:
    """Clients written years ago still ask for groups."""
    reply = await box.http.get("/api/0/organizations/acme/groups/")
    assert (reply.status, reply.data) == (200, [])


async def test_an_operation_without_state_is_sampled_and_says_so(box: Any) -> None:
    """A made-up answer must be recognizable as one."""
    reply = await box.http.get("/api/0/organizations/acme/monitors/")
    assert (reply.status, reply.headers["x-sandbox"]) == (200, "sampled")


async def test_a_fault_of_the_sandbox_shows_no_stack(box: Any) -> None:
    """A bug must be visible in the log and nowhere else."""
    box.db.run("ALTER TABLE organizations RENAME TO gone")
    reply = await box.http.get("/api/0/organizations/acme/issues/")
    assert (reply.status, reply.data["detail"]) == (500, "Internal Error")
    assert set(reply.data) == {"detail", "errorId"}


def test_every_operation_of_the_catalog_has_a_target() -> None:
    """Whatever the public document names is answered, by a handler or by a sample."""
    known = {target.key for _, _, target in targets(operations())}
    assert {operation.key for operation in routed_operations()} <= known


def test_every_handler_has_scopes_or_is_open_on_purpose() -> None:
    """An address the catalog does not know has no scopes to fall back on: forgotten ones would open it to anybody."""
    unguarded = {
        target.key
        for _, _, target in targets(operations())
        if target.handler is not None and not target.public and not target.scopes
    }
    assert {key for key in unguarded if key not in OPEN_TO_EVERY_TOKEN} == set()


OPEN_TO_EVERY_TOKEN = frozenset((
    "GET /api/0/organizations/",
    "GET /api/0/organizations/{organization_id_or_slug}/region/",
    "GET /api/0/users/me/",
    "GET /api/0/users/me/regions/",
    "GET /api/0/users/{user_id}/",
    "GET /api/0/users/{user_id}/regions/",
))  # fmt: skip
"""Any token may ask for these; the answer holds only what the token reaches."""
