"""A client of an earlier Dexter, before today's gateway in front of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.asgi_client import Response, request
from tests.doubles.sandbox_transport import BASE, OWNER, SandboxTransport

from dexter.app import Application, create_app
from dexter.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ACCESS_TOKEN = "dexter-access-token"


class Client:
    """Knows the access token, an issue and its project."""

    def __init__(self, app: Application, transport: SandboxTransport) -> None:
        self.app = app
        self.transport = transport
        row = transport.db.one(
            "SELECT issues.id, projects.slug FROM issues JOIN projects ON projects.id = issues.project_id"
            " WHERE issues.status = 'unresolved' ORDER BY issues.last_seen DESC LIMIT 1"
        )
        self.issue, self.project = str(row[0]), str(row[1])

    async def send(self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        fields = {"x-dexter-token": ACCESS_TOKEN, **(headers or {})}
        fields = {name: value for name, value in fields.items() if value}
        raw = None if body is None else msgspec.json.encode(body)
        if raw is not None:
            fields["content-type"] = "application/json"
        return await request(self.app, method, target, fields, raw, client=("127.0.0.1", 50_000))

    async def get(self, target: str, headers: dict[str, str] | None = None) -> Response:
        return await self.send("GET", target, headers=headers)

    async def event(self) -> str:
        """Give the id of the issue's latest event."""
        return str((await self.get(f"/api/v1/issues/{self.issue}/events/latest")).json()["eventID"])

    def upstream_writes(self) -> list[str]:
        """Give what was asked of Sentry besides reads."""
        return [asked for asked in self.transport.asked if not asked.startswith("GET ")]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    transport = SandboxTransport(issues=60)
    environment = {
        "DEXTER_DATA_DIR": str(tmp_path),
        "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN,
        "SENTRY_BASE_URL": BASE,
        "SENTRY_API_TOKEN": OWNER,
        "SENTRY_ORG": "acme",
    }
    app = create_app(read_settings(environment), transport=transport)
    yield Client(app, transport)
    await app.aclose()
