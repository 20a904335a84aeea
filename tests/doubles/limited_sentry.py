"""A Sentry with a quota, by the test's clock."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.doubles.sentry_double import JSON, FakeClock, ok

from dexter.wire import Answer, Call, Headers, Identity

TOO_OFTEN = b'{"detail":"You call too often. Limit is 5 requests in 1 seconds"}'
TOO_MANY = b'{"detail":"Too much at once. Concurrency limit is %d"}'
PLAIN: Headers = (("Content-Type", "text/html"),)


@dataclass
class LimitedSentry:
    """Replies as a Sentry with a quota does, by the test's clock, and remembers whom it refused."""

    clock: FakeClock
    limit: int = 5
    concurrent: int | None = None
    window: int = -1
    used: dict[tuple[Identity, str], int] = field(default_factory=dict)
    under_way: int = 0
    refused: int = 0
    _held: asyncio.Event | None = None

    def hold(self) -> None:
        """Answer nothing until `release`."""
        self._held = asyncio.Event()

    def release(self) -> None:
        """Answer everything again."""
        if self._held is not None:
            self._held.set()

    def forget(self) -> None:
        """Take what is under way for ended, and answer the next calls."""
        self.under_way, self._held = 0, None

    async def __call__(self, asked: Call) -> Answer:
        now = int(self.clock.now())
        if now != self.window:
            self.window, self.used = now, {}
        bucket = (asked.identity, asked.method)
        self.used[bucket] = self.used.get(bucket, 0) + 1
        told = [
            ("X-Sentry-Rate-Limit-Limit", str(self.limit)),
            ("X-Sentry-Rate-Limit-Remaining", str(max(0, self.limit - self.used[bucket]))),
            ("X-Sentry-Rate-Limit-Reset", str(now + 1)),
        ]
        if self.concurrent is not None:
            told.append(("X-Sentry-Rate-Limit-ConcurrentLimit", str(self.concurrent)))
            if self.under_way >= self.concurrent:
                self.refused += 1
                return Answer(429, (*PLAIN, *told), TOO_MANY % self.concurrent)
        if self.used[bucket] > self.limit:
            self.refused += 1
            return Answer(429, (*PLAIN, *told), TOO_OFTEN)
        self.under_way += 1
        if self._held is not None:
            await self._held.wait()
        self.under_way -= 1
        return ok(b"[]", headers=(*JSON, *told))
