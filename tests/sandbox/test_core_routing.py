"""The dispatcher answers what Sentry answers when nothing, or not quite the right thing, was asked for."""

from __future__ import annotations

from typing import Any


async def test_an_unknown_route_is_an_empty_404(box: Any) -> None:
    """Clients tell a missing route from a missing resource by the empty body."""
    reply = await box.http.get("/api/0/nothing/here/")
    assert (reply.status, reply.body) == (404, b"")
