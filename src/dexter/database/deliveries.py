"""What the outbox delivers, and to whom: known without the database's libraries, so that a start need not wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

PURGE = "purge"
"""The topic of what a change in Dexter's database makes stale among stored answers of Sentry's."""

FEED = "feed"
"""The topic of what a change in Dexter's database is to whoever listens."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that is to happen. `id` is the same when it is delivered again."""

    id: int
    topic: str
    payload: Any
    attempt: int


Handler = Callable[[Delivery], Awaitable[None]]


def purging(purge: Callable[[frozenset[str]], Awaitable[object]]) -> Handler:
    """Give the handler of `PURGE`, from what forgets everything under some tags. Doing it twice does no harm."""

    async def handle(delivery: Delivery) -> None:
        await purge(frozenset(delivery.payload["tags"]))

    return handle


def feeding(tell: Callable[[Any, str], Awaitable[object]] | None) -> Handler:
    """Give the handler of `FEED`, from what records an event under a name, once; without a feed nobody listens."""

    async def handle(delivery: Delivery) -> None:
        if tell is not None:
            await tell(delivery.payload, f"outbox:{delivery.id}")

    return handle
