"""A sandbox in this process, on a clock that stands still until a test moves it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit

import pytest

from dexter.sandbox.app import build_app
from dexter.sandbox.options import SandboxOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.sandbox.request import Sandbox

START = 1_790_000_000.0


@dataclass
class Clock:
    """Time that only a test moves."""

    now: float = START

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Reply:
    """What the sandbox answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


@dataclass
class Http:
    """Speaks HTTP to an ASGI application in this process."""

    app: Any
    headers: dict[str, str] = field(default_factory=dict)
    host: str = "sentry.test"
    client: tuple[str, int] = ("127.0.0.1", 50000)

    async def request(
        self,
        method: str,
        url: str,
        *,
        query: Any = (),
        data: Any = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        parts = urlsplit(url)
        asked = "&".join(part for part in (parts.query, urlencode(query, doseq=True)) if part)
        content = body if body is not None else b"" if data is None else json.dumps(data).encode()
        fields = {"host": self.host, "content-type": "application/json", **self.headers, **(headers or {})}
        fields["content-length"] = str(len(content))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(parts.path), "raw_path": parts.path.encode(), "query_string": asked.encode(),
            "root_path": "", "client": self.client, "server": (self.host, 80),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items() if value],
        }  # fmt: skip
        sent: list[Any] = []
        waiting = [{"type": "http.request", "body": content, "more_body": False}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return waiting.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        return Reply(
            start["status"],
            {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]),
        )

    async def get(self, url: str, **given: Any) -> Reply:
        return await self.request("GET", url, **given)

    async def post(self, url: str, data: Any = None, **given: Any) -> Reply:
        return await self.request("POST", url, data=data, **given)

    async def put(self, url: str, data: Any = None, **given: Any) -> Reply:
        return await self.request("PUT", url, data=data, **given)

    async def delete(self, url: str, **given: Any) -> Reply:
        return await self.request("DELETE", url, **given)


@dataclass
class Box:
    """A sandbox and an HTTP client to it that carries the owner's token."""

    sandbox: Sandbox
    http: Http
    clock: Clock = field(default_factory=Clock)

    @property
    def db(self) -> Any:
        return self.sandbox.db

    def key(self, slug: str = "shop-api") -> tuple[int, str]:
        """Give a project's id and public key."""
        row = self.db.one(
            "SELECT p.id, k.public_key FROM projects p JOIN project_keys k ON k.project_id = p.id WHERE p.slug = ?",
            slug,
        )
        return row["id"], row["public_key"]

    async def send(self, event: dict[str, Any], slug: str = "shop-api") -> Reply:
        """Send one event as an SDK would, through the store address."""
        project, key = self.key(slug)
        return await self.http.post(f"/api/{project}/store/?sentry_key={key}&sentry_version=7", event)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def options() -> SandboxOptions:
    return SandboxOptions(owner_token="sntryu_owner")


@pytest.fixture
def box(options: SandboxOptions, clock: Clock) -> Iterator[Box]:
    app = build_app(options, clock=clock)
    sandbox = app.state.sandbox
    yield Box(sandbox, Http(app, {"authorization": f"Bearer {sandbox.owner_token}"}), clock)
    sandbox.db.close()


@pytest.fixture
def bare_db(options: SandboxOptions, clock: Clock) -> Iterator[Any]:
    from dexter.sandbox.bootstrap import open_sandbox

    sandbox = open_sandbox(options, clock)
    yield sandbox.db
    sandbox.db.close()
