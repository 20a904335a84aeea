"""The whole gateway in this process, in front of a recording Sentry on a real socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.contract.cases import OWN_BASE
from tests.contract.exchange import Exchange
from tests.contract.recording_sentry import RecordingSentry, Reply, Request

from dexter.app import Application, create_app
from dexter.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

ACCESS_TOKEN = "the-access-token"
SERVICE_TOKEN = "sntryu_of_the_service"


@dataclass
class GatewayUnderTest:
    """Sends requests through the gateway and tells what came of them."""

    app: Application
    sentry: RecordingSentry
    _tokens: Any = None

    def new_token(self) -> str:
        """Give a Sentry token nobody has used, so that no case is answered from another's stored answers."""
        self._tokens = self._tokens or count(1)
        return f"sntryu_{next(self._tokens):032x}"

    async def exchange(self, request: Request, reply: Reply, said: Reply | None = None) -> Exchange:
        """Send a request; Sentry means to say `reply` and says `said` instead where that is given."""
        self.sentry.will_answer(said or reply)
        got = await self.ask(request)
        return Exchange(request, tuple(self.sentry.seen), reply, got, self.sentry.base_url, OWN_BASE)

    async def ask(self, request: Request) -> Reply:
        """Give what a client gets for a request, its body sent in two pieces."""
        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": request.method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
        }
        half = len(request.body) // 2
        incoming = [
            {"type": "http.request", "body": request.body[:half], "more_body": True},
            {"type": "http.request", "body": request.body[half:], "more_body": False},
        ]
        outgoing: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop(0)
            await asyncio.get_running_loop().create_future()
            raise AssertionError("unreachable")

        async def send(message: dict[str, Any]) -> None:
            outgoing.append(message)

        await self.app(scope, receive, send)
        start, *rest = outgoing
        headers = tuple((name.decode(), value.decode("latin-1")) for name, value in start["headers"])
        return Reply(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


async def started(data_dir: Path) -> GatewayUnderTest:
    """Give a gateway that is ready for requests."""
    sentry = RecordingSentry()
    await sentry.start()
    settings = read_settings(
        {
            "DEXTER_DATA_DIR": str(data_dir),
            "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN,
            "SENTRY_BASE_URL": sentry.base_url,
            "SENTRY_API_TOKEN": SERVICE_TOKEN,
            "SENTRY_ORG": "acme",
        }
    )
    return GatewayUnderTest(create_app(settings), sentry)


async def stopped(gateway: GatewayUnderTest) -> None:
    """Let go of every connection."""
    await gateway.app.aclose()
    await gateway.sentry.stop()
