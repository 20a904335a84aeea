"""What a client meets when the admin surface asks for trouble."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

ORGANIZATIONS = "/api/0/organizations/"


@pytest.fixture
def local(box: Box) -> Box:
    """The same sandbox, called by its address as a person at this machine does."""
    return replace(box, http=replace(box.http, host="127.0.0.1:9000"))


async def inject(box: Box, **faults: Any) -> None:
    assert (await box.http.put("/_sandbox/faults", faults)).status == 200


async def test_a_failure_has_the_status_that_was_asked_for(local: Box) -> None:
    """Retry and breaker are driven by the status."""
    await inject(local, failure_rate=1, failure_status=502)
    reply = await local.http.get(ORGANIZATIONS)
    assert reply.status == 502
    assert b"upstream connect error" in reply.body


async def test_an_html_page_comes_with_status_200(local: Box) -> None:
    """A proxy's sign-in page must not be taken for data."""
    await inject(local, html=True)
    reply = await local.http.get(ORGANIZATIONS)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_a_404_page_can_be_70_kilobytes(local: Box) -> None:
    """An error body must be bounded before it is logged or passed on."""
    await inject(local, html_404=True)
    reply = await local.http.get(ORGANIZATIONS)
    assert (reply.status, len(reply.body)) == (404, 70 * 1024)


async def test_truncated_json_does_not_parse(local: Box) -> None:
    """Half an answer with a whole status is the worst kind."""
    await inject(local, truncate=True)
    reply = await local.http.get(ORGANIZATIONS)
    assert reply.status == 200
    assert reply.headers["content-length"] == str(len(reply.body))
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


async def test_a_link_header_can_be_nonsense(local: Box) -> None:
    """A cursor that cannot be read must not loop."""
    await inject(local, malformed_link=True)
    reply = await local.http.get(ORGANIZATIONS)
    assert reply.status == 200
    assert "not a url" in reply.headers["link"]


async def test_a_redirect_leads_where_it_was_told(local: Box) -> None:
    """Credentials must not follow it to a stranger."""
    await inject(local, redirect=True, redirect_to="http://stranger.example/")
    reply = await local.http.get(ORGANIZATIONS)
    assert (reply.status, reply.headers["location"]) == (302, "http://stranger.example/")


async def test_a_dropped_connection_has_no_answer(local: Box) -> None:
    """The client sees a broken connection, and the log says that nothing was answered."""
    await inject(local, drop=True)
    with pytest.raises(ConnectionAbortedError):
        await local.http.get(ORGANIZATIONS)
    assert (await local.http.get("/_sandbox/calls")).data["recent"][-1]["status"] == 0


async def test_latency_delays_the_answer(local: Box) -> None:
    """Load is measured in front of a slow Sentry."""
    await inject(local, latency_ms=30)
    started = asyncio.get_running_loop().time()
    reply = await local.http.get(ORGANIZATIONS)
    assert reply.status == 200
    assert asyncio.get_running_loop().time() - started >= 0.03


async def test_only_the_named_operations_suffer(local: Box) -> None:
    """One bad endpoint must not open the breaker for the others."""
    await inject(local, failure_rate=1, operations=["GET /api/0/organizations/*/projects/"])
    assert (await local.http.get(ORGANIZATIONS)).status == 200
    assert (await local.http.get("/api/0/organizations/acme/projects/")).status == 503


async def test_the_admin_surface_never_suffers(local: Box) -> None:
    """Faults that cannot be switched off would end every test."""
    await inject(local, failure_rate=1, hang=1, drop=1, html=1)
    assert (await local.http.get("/_sandbox/faults")).data["hang"] == 1.0
    assert (await local.http.delete("/_sandbox/faults")).status == 204
    assert (await local.http.get(ORGANIZATIONS)).status == 200


async def test_a_misspelt_fault_changes_nothing(local: Box) -> None:
    """Otherwise a test would pass because nothing went wrong."""
    await inject(local, failure_rate=1)
    reply = await local.http.put("/_sandbox/faults", {"latency": 5})
    assert reply.status == 400
    assert "latency_ms" in reply.data["detail"]
    assert (await local.http.get("/_sandbox/faults")).data["failure_rate"] == 1.0


async def test_rate_limits_show_on_normal_replies_and_refuse_the_one_too_many(local: Box) -> None:
    """The scheduler learns from the headers long before it is refused."""
    await inject(local, rate_limit={"limit": 2, "window_s": 10, "concurrent": 5})
    first = await local.http.get(ORGANIZATIONS)
    assert first.headers["x-sentry-rate-limit-remaining"] == "1"
    assert first.headers["x-sentry-rate-limit-concurrentlimit"] == "5"
    missing = await local.http.get("/api/0/organizations/nope/")
    assert missing.headers["x-sentry-rate-limit-remaining"] == "0"
    refused = await local.http.get(ORGANIZATIONS)
    assert refused.status == 429
    assert "Limit is 2 requests in 10 seconds" in refused.data["detail"]
    assert "retry-after" not in refused.headers
    local.clock.now = float(refused.headers["x-sentry-rate-limit-reset"])
    assert (await local.http.get(ORGANIZATIONS)).status == 200


async def test_concurrency_is_refused_while_others_are_inside(local: Box) -> None:
    """Slow answers fill the concurrent limit, and it empties again."""
    await inject(local, latency_ms=20, rate_limit={"limit": 100, "concurrent": 2})
    replies = await asyncio.gather(*(local.http.get(ORGANIZATIONS) for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [200, 200, 429, 429, 429]
    assert (await local.http.get(ORGANIZATIONS)).status == 200


async def test_no_rate_limit_headers_by_default(local: Box) -> None:
    """Self-hosted Sentry does not send them."""
    reply = await local.http.get(ORGANIZATIONS)
    assert not [name for name in reply.headers if name.startswith("x-sentry-rate-limit")]


async def test_ingestion_is_spared_unless_asked(local: Box) -> None:
    """A failing API must not lose the events that the test just sent."""
    await inject(local, failure_rate=1)
    assert (await local.send({"message": "kept"})).status == 200
    await inject(local, failure_rate=1, ingestion=True)
    assert (await local.send({"message": "lost"})).status == 503
