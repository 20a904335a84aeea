"""The webhooks as a source: what lies in the inbox is understood, in the order in which it came, and then put away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dexter.features.moment import iso
from dexter.policy.webhook_deliveries import Delivery, read_delivery
from dexter.realtime.events import (
    ALERT_RESOLVED,
    ALERT_TRIGGERED,
    FeedEvent,
    Source,
    actor_ref,
    issue_ref,
)
from dexter.realtime.intake import Sighting
from dexter.stores.feed_log import FeedUnavailable
from dexter.stores.webhook_inbox import InboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.policy.webhook_deliveries import Alert
    from dexter.realtime.intake import Intake
    from dexter.realtime.readings import Readings
    from dexter.stores.webhook_inbox import Received, WebhookInbox

log = structlog.get_logger("dexter.realtime")

LOOK_S = 1.0
"""How often the inbox is looked into unasked: for what another worker took in and left."""
TRY_AGAIN_S = 1.0
_BATCH = 100


class Webhooks:
    """Understands what is in a host's inbox."""

    def __init__(
        self, inbox: WebhookInbox, intake: Intake, readings: Readings, organization: str, now: Callable[[], float]
    ) -> None:
        self._inbox = inbox
        self._intake = intake
        self._readings = readings
        self._organization = organization
        self._now = now
        self._arrived = asyncio.Event()
        self.last_at = 0.0
        """The epoch second at which a delivery was understood last, here."""

    def arrived(self) -> None:
        """Say that something was put into the inbox."""
        self._arrived.set()

    async def run(self) -> None:
        """Understand what comes, for ever. What cannot be recorded now stays in the inbox."""
        while True:
            try:
                while await self._understood():
                    pass
            except (FeedUnavailable, InboxUnavailable) as error:
                log.warning("webhooks_wait", error=str(error))
                await asyncio.sleep(TRY_AGAIN_S)
            self._arrived.clear()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._arrived.wait()
            except TimeoutError:
                continue

    async def _understood(self) -> bool:
        claimed = await self._inbox.claim(_BATCH)
        if not claimed:
            return False
        self.last_at = self._now()
        deliveries = [self._read(received) for _, received in claimed]
        told = [
            Sighting(each.told.name, each.told.seen, Source.WEBHOOK, actor_ref(each.actor))
            for each in deliveries
            if each.told is not None
        ]
        recorded = await self._intake.sighted(self._organization, told)
        for received, delivery in zip((received for _, received in claimed), deliveries, strict=True):
            if delivery.alert is not None:
                await self._intake.told(self._alert(delivery.alert, delivery, received))
        self._readings.want(each.name for each in told if each.name.id in recorded.doubtful)
        self._readings.want(name for each in deliveries for name in each.readings)
        await self._inbox.finish([number for number, _ in claimed])
        return True

    def _read(self, received: Received) -> Delivery:
        try:
            body: Any = msgspec.json.decode(received.body)
        except msgspec.DecodeError:
            body = None
        if not isinstance(body, dict):
            return Delivery(is_known=False)
        # A clock that is ahead must not make what is seen tomorrow look older than what was told today.
        return read_delivery(received.resource, body, min(received.sent_at, self._now()))

    def _alert(self, alert: Alert, delivery: Delivery, received: Received) -> FeedEvent:
        return FeedEvent(
            type=ALERT_RESOLVED if alert.is_resolved else ALERT_TRIGGERED,
            at=iso(received.sent_at),
            organization=self._organization,
            source=Source.WEBHOOK.value,
            project=alert.project or None,
            issue=None if alert.issue is None else issue_ref(alert.issue),
            actor=actor_ref(delivery.actor),
            data={"title": alert.title, "kind": alert.kind, "level": alert.level, "address": alert.address},
        )
