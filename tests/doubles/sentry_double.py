"""A Sentry that says what a test tells it to, and a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.policy.retry import RetryRule
from dexter.upstream.options import StackOptions
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Credential, Headers, Identity

JSON: Headers = (("Content-Type", "application/json"),)
SERVICE = Identity("service-1", "service")
TOKEN = Identity("token-1", "token")
BASE = "https://sentry.example"
ONE_ATTEMPT = StackOptions(retry=RetryRule(attempts=1))
"""For tests of other things than retries, so that a failure is one."""


@dataclass
class FakeClock:
    """A clock that stands still until the test moves it."""

    epoch: float = 1_700_000_000.0
    second: float = 1000.0
    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def now(self) -> float:
        return self.epoch

    def monotonic(self) -> float:
        return self.second

    def pass_s(self, seconds: float) -> None:
        self.epoch += seconds
        self.second += seconds
        for wakes_at, sleeper in self.sleepers:
            if wakes_at <= self.second and not sleeper.done():
                sleeper.set_result(None)
        self.sleepers = [(wakes_at, sleeper) for wakes_at, sleeper in self.sleepers if not sleeper.done()]

    async def sleep(self, seconds: float) -> None:
        """Sleep until the test has let so much time pass."""
        if seconds <= 0:
            return
        sleeper = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.second + seconds, sleeper))
        await sleeper


Reply = Answer | Exception | Callable[[Call], Awaitable[Answer]]


def ok(body: bytes = b'{"id":"1"}', *, status: int = 200, headers: Headers = JSON) -> Answer:
    """An answer in JSON."""
    return Answer(status, headers, body)


@dataclass
class SentryDouble:
    """A `Transport`: records what it is asked and gives the replies in turn, then the last one for ever."""

    replies: list[Reply] = field(default_factory=lambda: [ok()])
    calls: list[Call] = field(default_factory=list)
    upstream: Upstream = field(default_factory=lambda: Upstream(BASE))

    def will(self, *replies: Reply) -> None:
        self.replies = list(replies)

    @property
    def asked(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls]

    @property
    def changes(self) -> list[Call]:
        """What was asked besides reads."""
        return [call for call in self.calls if call.method != "GET"]

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Answer) else await reply(call)

    async def aclose(self) -> None:
        pass


class Held:
    """A reply that waits until the test lets it go."""

    def __init__(self, answer: Answer | Exception) -> None:
        self._answer = answer
        self._go = asyncio.Event()
        self.asked = asyncio.Event()

    async def __call__(self, call: Call) -> Answer:
        self.asked.set()
        await self._go.wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def let_go(self) -> None:
        self._go.set()


def call(
    path: str = "/api/0/organizations/acme/issues/",
    *,
    method: str = "GET",
    query: str = "",
    identity: Identity = SERVICE,
    clock: FakeClock | None = None,
    deadline_s: float = 30.0,
    headers: Headers = (),
    body: bytes | None = None,
    no_cache: bool = False,
    max_age_s: float | None = None,
    max_stale_s: float = 0.0,
    transparent: bool = False,
) -> Call:
    """A call to an address of Sentry's, as the catalog knows it."""
    endpoint, params = sentry_router().match(method, path) or (UNKNOWN, {})
    now = clock.monotonic() if clock else 1000.0
    return Call(
        endpoint=endpoint,
        method=method,
        path=path,
        query=query,
        identity=identity,
        credential=Credential(f"Bearer secret-of-{identity.key}"),
        deadline=now + deadline_s,
        params=tuple(params.items()),
        headers=headers,
        body=body,
        no_cache=no_cache,
        max_age_s=max_age_s,
        max_stale_s=max_stale_s,
        transparent=transparent,
    )
