"""Subscriptions over HTTP: who may make them, what they may name, and what is shown of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.receiver import Receiver
    from tests.gateway.conftest import Visitor


AT = "/api/v1/subscriptions"
FORM = {"name": "Ops", "url": "http://127.0.0.1:9/", "channels": ["issues"]}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


async def made(operator: Visitor, **changes: Any) -> dict[str, Any]:
    answer = await operator.send("POST", AT, FORM | changes)
    assert answer.status == 201, answer.body
    return answer.json()


async def test_a_subscription_is_made_shown_changed_and_removed(operator: Visitor) -> None:
    """The whole life of one."""
    kept = await made(operator, filter=" project:shop ", types=["issue"])
    secret = kept.pop("secret")
    assert (await operator.get(f"{AT}/{kept['id']}")).json() == kept
    assert (await operator.get(AT)).json() == {"data": [kept]}
    assert {**kept, "id": "", "created_at": "", "position": ""} == {
        "id": "",
        "name": "Ops",
        "url": FORM["url"],
        "channels": ["issues"],
        "filter": "project:shop",
        "types": ["issue"],
        "active": True,
        "paused_reason": None,
        "created_at": "",
        "created_by": {"id": "d2a0b1c3e4f54a6b8c7d9e0f1a2b3c4d", "name": "Administrator"},
        "health": "ok",
        "position": "",
        "behind": 0,
        "delivered": 0,
        "pending": 0,
        "dead": 0,
        "last_delivery_at": None,
        "last_error": None,
    }
    assert secret.startswith("dxs_")
    changed = await operator.send("PATCH", f"{AT}/{kept['id']}", {"name": "Chat", "active": False})
    assert (changed.json()["name"], changed.json()["active"], changed.json()["health"]) == ("Chat", False, "paused")
    assert (await operator.send("DELETE", f"{AT}/{kept['id']}")).status == 204
    assert (await operator.get(f"{AT}/{kept['id']}")).status == 404
    assert (await operator.get(AT)).json() == {"data": []}
