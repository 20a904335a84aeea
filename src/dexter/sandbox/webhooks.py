"""Webhooks: what happens in the sandbox is told to an address, as Sentry tells the apps that are installed.

Sentry sends behind the request that made the change, waits a second for an answer and does not send again; it
promises neither order nor arrival, and faults (`webhook_faults`) make use of that.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox import webhook_witness
from dexter.sandbox.webhook_bodies import SENTRY, Message, messages
from dexter.sandbox.webhook_faults import WebhookFaults, fate
from dexter.sandbox.webhook_post import Address, HttpPost, Post, headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.sandbox.request import Sandbox

SENDERS = 4
"""So many deliveries are under way at once."""
MOST_WAITING = 20_000
"""Beyond so many waiting deliveries new ones are dropped, and counted."""
HELD_S = 0.5
"""The longest that a delivery is held back for the next one to overtake it."""
INSTALLATION = str(uuid.uuid5(uuid.NAMESPACE_URL, "dexter/sandbox/webhooks"))


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One delivery on its way to an address."""

    address: Address
    headers: dict[str, str]
    body: bytes
    delay_s: float = 0.0


class Webhooks:
    """The one app that is told of changes, if there is one."""

    def __init__(self, sandbox: Sandbox, post: Post | None = None, now: Callable[[], float] = time.time) -> None:
        self._sandbox = sandbox
        self._now = now
        self._http = HttpPost()
        self._post: Post = post or self._http
        self._queue: asyncio.Queue[_Delivery] = asyncio.Queue(MOST_WAITING)
        self._senders: list[asyncio.Task[None]] = []
        self._held: list[tuple[_Delivery, asyncio.TimerHandle]] = []
        self._number = 0
        self._delayed: set[asyncio.Task[None]] = set()
        self._is_announced = False
        self.address: Address | None = None
        self.faults = WebhookFaults()
        self.counts: Counter[str] = Counter()
        """How many deliveries of each resource were made, and under `sent`, `answered`, ... what became of them."""

    def install(self, address: Address) -> None:
        """Tell this address from now on, in place of any other."""
        self.remove()
        webhook_witness.begin(self._sandbox.db)
        self.address = address
        self._is_announced = False
        self._announce()

    def remove(self) -> None:
        """Tell nobody any more."""
        if self.address is not None:
            if self._is_announced:
                self._tell_installation("deleted")
            webhook_witness.end(self._sandbox.db)
            self.address = None

    def look(self, base_url: str) -> None:
        """Have told what has happened since the last look."""
        if self.address is None:
            return
        self._announce()
        base = (self._sandbox.options.public_url or base_url).rstrip("/")
        for noticed in webhook_witness.take(self._sandbox.db):
            for message in messages(self._sandbox.db, noticed, base):
                self.tell(message)

    def tell(self, message: Message) -> None:
        """Send a message, unless a fault has other plans for it. Needs a running loop."""
        if self.address is None:
            return
        self.counts[message.resource] += 1
        happens = fate(self.faults, self._number)
        self._number += 1
        signer = replace(self.address, secret="wrong") if happens.is_wrongly_signed else self.address  # noqa: S106
        body = msgspec.json.encode(
            {
                "action": message.action,
                "installation": {"uuid": INSTALLATION},
                "data": message.data,
                "actor": message.actor,
            }
        )
        sent = headers(signer, body, uuid.uuid4().hex, message.resource, self._now())
        if happens.copies == 0:
            self.counts["dropped"] += 1
            return
        delivery = _Delivery(self.address, sent, body, happens.delay_s)
        if happens.is_held_back and not self._held:
            release = asyncio.get_running_loop().call_later(HELD_S, self._release)
            self._held.append((delivery, release))
            return
        for _ in range(happens.copies):
            self._enqueue(delivery)
        self._release()

    def shown(self) -> dict[str, Any]:
        """Give where webhooks go, without the secret, and what became of them."""
        return {
            "url": None if self.address is None else self.address.url,
            "waiting": self._queue.qsize() + len(self._held) + len(self._delayed),
            "counts": dict(sorted(self.counts.items())),
        }

    async def aclose(self) -> None:
        """Send nothing any more."""
        tasks = (*self._senders, *self._delayed)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, release in self._held:
            release.cancel()
        self._senders.clear()
        await self._http.aclose()

    def _announce(self) -> None:
        if self._is_announced:
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # Before the sandbox serves there is nobody who could send; the first look makes up for it.
            return
        self._is_announced = True
        self._tell_installation("created")

    def _tell_installation(self, action: str) -> None:
        organization = self._sandbox.db.value("SELECT slug FROM organizations ORDER BY id LIMIT 1")
        data = {
            "installation": {
                "app": {"uuid": INSTALLATION, "slug": "dexter"},
                "organization": {"slug": organization},
                "uuid": INSTALLATION,
                "status": "installed",
            }
        }
        self.tell(Message("installation", action, data, SENTRY))

    def _release(self) -> None:
        held, self._held = self._held, []
        for delivery, release in held:
            release.cancel()
            self._enqueue(delivery)

    def _enqueue(self, delivery: _Delivery) -> None:
        if not self._senders:
            self._senders = [asyncio.create_task(self._send()) for _ in range(SENDERS)]
        if delivery.delay_s:
            late = asyncio.create_task(self._later(delivery))
            self._delayed.add(late)
            late.add_done_callback(self._delayed.discard)
            return
        try:
            self._queue.put_nowait(delivery)
        except asyncio.QueueFull:
            self.counts["overrun"] += 1

    async def _later(self, delivery: _Delivery) -> None:
        await asyncio.sleep(delivery.delay_s)
        self._enqueue(replace(delivery, delay_s=0.0))

    async def _send(self) -> None:
        while True:
            delivery = await self._queue.get()
            self.counts["sent"] += 1
            try:
                status = await self._post(delivery.address.url, delivery.headers, delivery.body)
            except TimeoutError:
                self.counts["timed_out"] += 1
            except OSError:
                self.counts["unreachable"] += 1
            else:
                self.counts["taken" if status < 300 else "refused"] += 1


def webhooks(sandbox: Sandbox) -> Webhooks:
    """Give the webhooks of a sandbox, the same ones every time."""
    found: Webhooks | None = sandbox.shelf.get(__name__)
    if found is None:
        found = sandbox.shelf[__name__] = Webhooks(sandbox)
    return found
