"""The sandbox in this process as the Sentry at the end of the stack, with a record of what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from dexter.sandbox.app import build_app
from dexter.sandbox.options import SandboxOptions
from dexter.upstream.bodies import BodyStream
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, header

if TYPE_CHECKING:
    from collections.abc import MutableMapping

BASE = "http://sentry.test"
OWNER = "sntryu_owner"


@dataclass
class SandboxTransport:
    """A `Transport` into a sandbox of the given profile."""

    profile: str | None = None
    upstream: Upstream = field(default_factory=lambda: Upstream(BASE, org="acme"))
    asked: list[str] = field(default_factory=list)
    issues: int = 0
    """How many issues the sandbox is seeded with."""

    def __post_init__(self) -> None:
        self.app = build_app(SandboxOptions(owner_token=OWNER, profile=self.profile, issues=self.issues))
        self.sandbox = self.app.state.sandbox

    @property
    def db(self) -> Any:
        return self.sandbox.db

    async def send(self, call: Call) -> Answer:
        """Speak ASGI to the sandbox, as a server would."""
        self.asked.append(f"{call.method} {call.path}")
        body = call.body if isinstance(call.body, bytes) else b""
        # A real transport would send as many bytes as this says, and no more.
        assert header(call.headers, "content-length") in (None, str(len(body))), "the body and its length differ"
        authorization = call.credential.authorization
        status, headers, content = await self.request(
            call.method, call.path, call.query, body, (*call.headers, ("Authorization", authorization or ""))
        )

        async def chunks() -> Any:
            yield content

        return Answer(status, headers, BodyStream(chunks()))

    async def request(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Any = ()
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Give status, headers and body of one request."""
        fields = [(name.lower().encode(), value.encode()) for name, value in headers if value]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "client": ("127.0.0.1", 5), "server": ("sentry.test", 80),
            "headers": [(b"host", b"sentry.test"), (b"content-length", str(len(body)).encode()), *fields],
        }  # fmt: skip
        waiting = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> Any:
            return waiting.pop(0)

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        told = tuple((name.decode(), value.decode()) for name, value in sent[0]["headers"])
        return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:])

    async def aclose(self) -> None:
        self.sandbox.db.close()
