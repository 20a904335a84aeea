"""With Dexter's credential a bulk change says which issues it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import SERVICE, TOKEN, call, ok

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.errors import BadRequest, NotFound
from dexter.gateway.bulk_scope import bulk_scope

if TYPE_CHECKING:
    from dexter.wire import Answer, Call, Identity

EVERYWHERE = "/api/0/organizations/acme/issues/"
HERE = "/api/0/projects/acme/shop/issues/"
FOUND = b'[{"id":"7","project":{"id":"1","slug":"shop"}}]'


@dataclass
class Sentry:
    """Finds one issue, and takes every change."""

    found: bytes = FOUND
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, asked: Call) -> Answer:
        self.calls.append(asked)
        return ok(self.found if asked.method == "GET" else b"{}")

    @property
    def changes(self) -> list[str]:
        return [f"{each.method} {each.query}" for each in self.calls if each.method != "GET"]


def change(method: str, path: str, query: str, identity: Identity = SERVICE) -> Call:
    endpoint, params = sentry_router().match(method, path) or (UNKNOWN, {})
    made = call(path, method=method, query=query, identity=identity)
    assert (made.endpoint, dict(made.params)) == (endpoint, params)
    return made


@pytest.mark.parametrize("path", [EVERYWHERE, HERE])
@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("PUT", ""),
        ("PUT", "query="),
        ("PUT", "query=%20&project=1"),
        ("PUT", "id[]=7"),
        ("PUT", "id="),
        ("PUT", "id=seven"),
        ("PUT", "id=7&id=,8"),
        ("DELETE", ""),
        ("DELETE", "query=is:resolved"),
        ("DELETE", "id[]=7"),
    ],
)
async def test_what_names_nothing_never_reaches_sentry(path: str, method: str, query: str) -> None:
    """Sentry would take it for everything that a search finds."""
    sentry = Sentry()
    with pytest.raises(BadRequest):
        await bulk_scope(sentry)(change(method, path, query))
    assert sentry.calls == []


@pytest.mark.parametrize("path", [EVERYWHERE, HERE])
@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("PUT", "id=7"),
        ("PUT", "id=9&id=7&status=resolved"),
        ("PUT", "query=is:unresolved+age:%2B30d"),
        ("DELETE", "id=7"),
    ],
)
async def test_what_is_named_is_changed(path: str, method: str, query: str) -> None:
    """By its numbers, or by a search that somebody wrote down."""
    sentry = Sentry()
    assert (await bulk_scope(sentry)(change(method, path, query))).status == 200
    assert sentry.changes == [f"{method} {query}"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (EVERYWHERE, b"[]"),
        (EVERYWHERE, b'[{"id":"8"}]'),
        (HERE, b'[{"id":"7","project":{"id":"2","slug":"mail"}}]'),
        (EVERYWHERE, b"nonsense"),
    ],
)
async def test_ids_that_are_all_out_of_reach_are_not_sent(path: str, found: bytes) -> None:
    """Sentry would drop them all, and then search."""
    sentry = Sentry(found)
    with pytest.raises(NotFound):
        await bulk_scope(sentry)(change("PUT", path, "id=7&project=3"))
    assert sentry.changes == []
    asked = sentry.calls[0]
    assert (asked.path, asked.no_cache) == (EVERYWHERE, True)
    assert ("project=3" in asked.query) == (path == EVERYWHERE)


async def test_a_callers_own_token_is_the_callers_own_affair() -> None:
    """What a client of Sentry's sends with its own rights arrives as it was sent."""
    sentry = Sentry()
    for method, query in (("PUT", ""), ("DELETE", "query=is:resolved"), ("PUT", "id=8")):
        await bulk_scope(sentry)(change(method, EVERYWHERE, query, TOKEN))
    assert sentry.changes == ["PUT ", "DELETE query=is:resolved", "PUT id=8"]
    assert len(sentry.calls) == 3


async def test_one_issue_and_reads_pass() -> None:
    """Only lists are changed in bulk."""
    sentry = Sentry()
    for method, path in (("PUT", f"{EVERYWHERE}7/"), ("DELETE", f"{EVERYWHERE}7/"), ("GET", EVERYWHERE)):
        await bulk_scope(sentry)(change(method, path, ""))
    assert len(sentry.calls) == 3
