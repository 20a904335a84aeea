"""Deliveries are on the disk before anybody is told, once each, and none is lost to a crash."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dexter.stores.webhook_inbox import CLAIM_S, REMEMBERED_S, InboxUnavailable, Received, WebhookInbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def inbox(tmp_path: Path, clock: Clock) -> AsyncIterator[WebhookInbox]:
    inbox = WebhookInbox(tmp_path / "webhooks.sqlite3", clock)
    yield inbox
    await inbox.aclose()


def delivery(name: str) -> Received:
    return Received(name, 999.0, "issue", b"{}")


async def test_a_delivery_is_written_once_and_given_in_order(inbox: WebhookInbox) -> None:
    assert await inbox.put(delivery("a"))
    assert await inbox.put(delivery("b"))
    assert not await inbox.put(delivery("a")), "a replay"
    assert [received.request_id for _, received in await inbox.claim(10)] == ["a", "b"]
    assert await inbox.claim(10) == [], "somebody works on them"


async def test_a_crowd_shares_writes_and_each_is_told_of_its_own(inbox: WebhookInbox) -> None:
    told = await asyncio.gather(*(inbox.put(delivery(str(number % 50))) for number in range(100)))
    assert sum(told) == 50


async def test_what_a_dead_worker_began_another_takes_up(inbox: WebhookInbox, clock: Clock) -> None:
    await inbox.put(delivery("a"))
    await inbox.claim(10)
    clock.now += CLAIM_S + 1
    ((number, _),) = await inbox.claim(10)
    await inbox.finish([number])
    clock.now += CLAIM_S + 1
    assert await inbox.claim(10) == []


async def test_a_replay_is_known_after_it_was_understood_until_it_is_too_old(inbox: WebhookInbox, clock: Clock) -> None:
    await inbox.put(delivery("a"))
    ((number, _),) = await inbox.claim(1)
    await inbox.finish([number])
    assert not await inbox.put(delivery("a"))
    clock.now += REMEMBERED_S + 1
    await inbox.finish([])
    assert await inbox.put(delivery("a")), "the gateway refuses one of that age by itself"


async def test_a_restart_finds_what_was_not_understood(tmp_path: Path) -> None:
    first = WebhookInbox(tmp_path / "webhooks.sqlite3")
    await first.put(delivery("a"))
    await first.aclose()
    second = WebhookInbox(tmp_path / "webhooks.sqlite3")
    assert [received.request_id for _, received in await second.claim(10)] == ["a"]
    await second.aclose()


async def test_a_disk_that_takes_nothing_is_said_to_be_so(tmp_path: Path) -> None:
    """Sentry is answered 503 then, and not that all is well."""
    (tmp_path / "webhooks.sqlite3").mkdir()
    inbox = WebhookInbox(tmp_path / "webhooks.sqlite3")
    with pytest.raises(InboxUnavailable):
        await inbox.put(delivery("a"))
    await inbox.aclose()
