"""What stood beside the old socket: who is connected is told to those who may know, and nobody can push anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.gateway.test_events_socket import TOKEN, hearing
from tests.gateway.test_events_stream import listening

if TYPE_CHECKING:
    from tests.gateway.conftest import Visitor

    from dexter.app import Application

PUSHES = ["/broadcast/issue_update", "/broadcast/anything/at/all", "/notify/browser-1"]


async def test_who_is_connected_is_counted(gateway: Application, operator: Visitor) -> None:
    """Scripts that watch how many there are go on."""
    async with hearing(gateway), hearing(gateway), listening(gateway, **TOKEN) as stream:
        await stream.next()
        answer = await operator.get("/connections")
    assert (answer.status, answer.json()) == (200, {"total": 3, "sockets": 2, "streams": 1})
    assert answer.headers["link"] == '</api/v1/gateway/stats>; rel="successor-version"'
    assert answer.headers["x-dexter-api-version"] == "0.2"
    assert (await operator.get("/connections")).json()["total"] == 0


@pytest.mark.parametrize("path", PUSHES)
async def test_nobody_can_push_anything_and_learns_why(gateway: Application, operator: Visitor, path: str) -> None:
    """Whoever listens believes what it hears: it must be what happened in Sentry."""
    async with hearing(gateway) as client:
        answer = await operator.send("POST", path, {"issue": "7", "status": "resolved"})
        assert answer.status == 410
        assert "happens in Sentry" in answer.json()["detail"]
        assert answer.headers["link"] == '</events>; rel="successor-version"'
        assert (await client.answer(op="ping"))["kind"] == "pong", "and nothing was told before it"


@pytest.mark.parametrize(("method", "path"), [("GET", "/connections"), *(("POST", path) for path in PUSHES)])
async def test_strangers_learn_nothing(method: str, path: str, stranger: Visitor, owner: Visitor) -> None:
    """Neither was asked who they are before. A Sentry token says nothing of who may see how Dexter does."""
    assert (await stranger.send(method, path)).status == 401
    assert (await owner.send(method, path)).status == 403


@pytest.mark.parametrize(("method", "path"), [("POST", "/connections"), ("GET", "/notify/me"), ("GET", "/broadcast/x")])
async def test_other_methods_were_never_taken(method: str, path: str, operator: Visitor) -> None:
    assert (await operator.send(method, path)).status == 405
