"""Puts the parts of forwarding together, with what the addresses under /api/v1/subscriptions need of it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from dexter.features.bulk.executors import Executor
from dexter.features.moment import iso
from dexter.policy.outgoing import RetryRule, State, judge, told
from dexter.policy.outgoing_addresses import Reach
from dexter.policy.outgoing_seal import SECRET_PREFIX, sealed
from dexter.realtime.hub import Position
from dexter.realtime.outgoing.forwarding import Forwarding, ForwardingParts
from dexter.realtime.outgoing.sender import TIMEOUT_S, Sender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dexter.database.engine import Database
    from dexter.database.subscriptions import Subscription
    from dexter.features.people_keys import KeyRing
    from dexter.observe.records import Observer
    from dexter.realtime.hub import Hub

PING = "ping"


@dataclass(frozen=True, slots=True)
class OutgoingOptions:
    """How events are forwarded, and where to."""

    rule: RetryRule = field(default_factory=RetryRule)
    timeout_s: float = TIMEOUT_S
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True, slots=True)
class Pinged:
    """What came of a ping."""

    status: int | None
    ms: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Forwarding, in one process."""

    forwarding: Forwarding
    reach: Reach
    _parts: ForwardingParts

    @property
    def organization(self) -> str:
        """Give whose events are forwarded."""
        return self._parts.hub.organization

    async def place(self) -> Position:
        """Give where the log is now. Raises FeedUnavailable."""
        page = await self._parts.hub.log.after(self.organization, 0, 0)
        return Position(page.epoch, page.last)

    def new_secret(self, subscription_id: str) -> tuple[str, bytes, str]:
        """Give a secret to sign with, and as it is kept: encrypted, with which key."""
        from dexter.database.subscriptions import about

        secret = SECRET_PREFIX + secrets.token_urlsafe(32)
        return (secret, *self._parts.ring.encrypt(secret, about(subscription_id)))

    async def ping(self, subscription: Subscription) -> Pinged:
        """Send a signed `ping` and give what came of it. Raises Unreadable for a secret that no key reads."""
        from dexter.database.subscriptions import about

        parts, kept = self._parts, subscription
        secret = parts.ring.decrypt(kept.ciphertext, kept.key_id, about(kept.id))
        message = {"kind": PING, "at": iso(parts.now()), "subscription": {"id": kept.id, "name": kept.name}}
        body, delivery = msgspec.json.encode(message), secrets.token_hex(16)
        headers = sealed(body, delivery=delivery, event=PING, now=parts.now(), secret=secret)
        began = time.monotonic()
        outcome = await parts.sender.send(kept.url, body, headers)
        ms = round((time.monotonic() - began) * 1000)
        verdict = judge(outcome, 1, 0, RetryRule(attempts=2), parts.now(), 0.5)
        return Pinged(verdict.status, ms, None if verdict.state is State.DELIVERED else told(outcome))


def open_outgoing(
    database: Database,
    hub: Hub,
    ring: KeyRing,
    data_dir: Path,
    now: Callable[[], float],
    options: OutgoingOptions,
    observers: tuple[Observer, ...] = (),
) -> Outgoing:
    """Give what forwards the events of a feed. Nothing is opened before there is a subscription."""
    sender = Sender(options.reach, options.timeout_s)
    parts = ForwardingParts(database, hub, ring, sender, Executor(data_dir), now, options.rule, observers)
    return Outgoing(Forwarding(parts), options.reach, parts)
