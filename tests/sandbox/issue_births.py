"""Issues for tests, born the only way there is: from an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

ISSUES = "/api/0/organizations/acme/issues/"


async def born(box: Box, kind: str, slug: str = "shop-api", **event: Any) -> int:
    """Send an event that makes an issue (or joins one of the same kind) and give the issue's id."""
    event_id = event.get("event_id") or uuid4().hex
    body = {
        "event_id": event_id,
        "platform": "python",
        "timestamp": box.clock.now,
        "level": "error",
        "exception": {
            "values": [
                {
                    "type": kind,
                    "value": f"{kind} happened",
                    "stacktrace": {
                        "frames": [{"filename": "app/shop.py", "function": kind, "module": "app.shop", "in_app": True}]
                    },
                }
            ]
        },
        **event,
    }
    reply = await box.send(body, slug)
    assert reply.status == 200, reply.body
    found: int = box.db.value("SELECT issue_id FROM events WHERE event_id = ?", event_id)
    return found
