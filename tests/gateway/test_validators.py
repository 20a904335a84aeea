"""A client that has an answer already is told so, and spared the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.doubles.connection import Connection, get
from tests.doubles.sentry_double import JSON, SentryDouble, ok
from tests.gateway.conftest import ACCESS_TOKEN, Visitor

if TYPE_CHECKING:
    from dexter.app import Application

ISSUES = "/api/0/organizations/acme/issues/"
BEARER = ("Authorization", f"Bearer {ACCESS_TOKEN}")


async def test_an_unchanged_answer_is_304_without_another_question(owner: Visitor, sentry: SentryDouble) -> None:
    """Pollers ask the same again and again; 54 KB each time is what they pay for it otherwise."""
    sentry.will(ok(b"[1]", headers=(*JSON, ("X-Hits", "1"))))
    first = await owner.get(ISSUES)
    again = await owner.get(ISSUES, {"if-none-match": f'"other", {first.headers["etag"]}'})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-hits"] == "1"
    assert "content-type" not in again.headers
    assert len(sentry.calls) == 1


async def test_a_changed_answer_is_given_whole_under_another_tag(owner: Visitor, sentry: SentryDouble) -> None:
    """A tag that outlived its body would hide every change."""
    sentry.will(ok(b"[1]"), ok(b"[1, 2]"))
    first = await owner.get(ISSUES)
    again = await owner.get(ISSUES, {"if-none-match": first.headers["etag"], "cache-control": "no-cache"})
    assert (again.status, again.body) == (200, b"[1, 2]")
    assert again.headers["etag"] != first.headers["etag"]


async def test_sentrys_own_tag_is_kept(owner: Visitor, sentry: SentryDouble) -> None:
    """A client may compare what it has from elsewhere."""
    sentry.will(ok(b"[1]", headers=(*JSON, ("ETag", 'W/"sentry"'))))
    assert (await owner.get(ISSUES)).headers["etag"] == 'W/"sentry"'
    assert (await owner.get(ISSUES, {"if-none-match": '"sentry"'})).status == 304


async def test_what_is_never_kept_is_sentrys_to_compare(owner: Visitor, sentry: SentryDouble) -> None:
    """Dexter knows nothing of such an answer that Sentry does not know better."""
    await owner.get("/api/0/something/unknown/", {"if-none-match": '"x"'})
    assert ("if-none-match", '"x"') in sentry.calls[-1].headers


async def test_a_304_stands_ready_like_any_other_answer(gateway: Application, sentry: SentryDouble) -> None:
    """It is the cheapest of all, and the most frequent where something polls."""
    sentry.will(ok(b"[1]", headers=JSON))
    fast, usual = Connection(gateway), Connection(gateway, fast=False)
    tag = (await fast.get(ISSUES, BEARER)).header("etag") or ""
    request = get(ISSUES, BEARER, ("If-None-Match", tag))
    for _ in range(2):
        await fast.ask(request)
    (slowly,) = await usual.ask(request)
    fast.pipe.written = await fast.at_once(request)
    (quickly,) = await fast.ask()
    assert quickly.status == slowly.status == b"HTTP/1.1 304 Not Modified"
    assert {name for name, _ in quickly.headers} == {name for name, _ in slowly.headers}
    sentry.will(ok(b"[2]", headers=JSON))
    await fast.ask(get(ISSUES, BEARER, ("Cache-Control", "no-cache")))
    (changed,) = await fast.ask(request)
    assert (changed.status, changed.body) == (b"HTTP/1.1 200 OK", b"[2]")
