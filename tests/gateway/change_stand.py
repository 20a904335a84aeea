"""What stands between a request and a face when something is to be changed, with a face that a test plays."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.doubles.sentry_double import FakeClock

from dexter.gateway.identity import ANONYMOUS, Caller, Mode
from dexter.wire import Credential, Headers, Identity, header

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dexter.gateway.asgi import AsgiApp, AsgiSend, Message, Receive, Scope

PEOPLE = {"ada": "Ada", "bob": "Bob"}


@dataclass(frozen=True, slots=True)
class Somebody(Caller):
    """A caller whose person is whoever their token names."""

    named: str | None = None

    @property
    def person(self) -> Any:
        return None if self.named is None else SimpleNamespace(id=self.named, name=PEOPLE[self.named])


def identify(headers: Headers) -> Caller:
    """Give the caller of a token: a person of ours, somebody with a Sentry token, or nobody."""
    token = header(headers, "x-token")
    if token is None:
        return Caller(Mode.ANONYMOUS, ANONYMOUS, Credential(None))
    if token in PEOPLE:
        return Somebody(Mode.SERVICE, Identity("service", "service"), Credential("Bearer service"), named=token)
    return Caller(Mode.PASS_THROUGH, Identity(f"hash of {token}", "token"), Credential(f"Bearer {token}"))


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Face:
    """The face behind: answers as a test says, and counts how often it was reached."""

    status: int = 200
    body: bytes = b'{"ok":true}'
    error: BaseException | None = None
    during: Callable[[Scope], Awaitable[None]] | None = None
    reached: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        self.reached.append((await receive())["body"])
        if self.during is not None:
            await self.during(scope)
        if self.error is not None:
            raise self.error
        headers = [(b"content-type", b"application/json"), (b"set-cookie", b"a=b"), (b"location", b"/api/v1/x/1")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


async def ask(
    app: AsgiApp, method: str, path: str, body: bytes = b"", *, context: str = "x.y", **fields: str
) -> Answer:
    """Send a request, as the router hands it on."""
    target, _, query = path.partition("?")
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": target,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()],
        "state": {"request_id": "request-1", "context": context},
    }
    waiting = [body]
    answer = Answer()

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


__all__ = ["Answer", "Face", "FakeClock", "ask", "identify"]
