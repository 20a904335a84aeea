"""The webhooks as a source: what lies in the inbox is understood, in the order in which it came, and then put away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from dexter.features.moment import iso
from dexter.policy.issue_feed import Kind
from dexter.policy.webhook_deliveries import Delivery, read_delivery
from dexter.realtime.events import (
    ALERT_RESOLVED,
    ALERT_TRIGGERED,
    FeedEvent,
    Source,
    actor_ref,
    issue_ref,
)
from dexter.realtime.intake import Hint, Sighting
from dexter.stores.feed_log import FeedUnavailable
from dexter.stores.webhook_inbox import InboxUnavailable
from dexter.upstream.json_text import NotJson, json_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dexter.policy.webhook_deliveries import Alert
    from dexter.realtime.intake import Intake
    from dexter.realtime.poll_turns import PollTurns
    from dexter.realtime.readings import Readings
    from dexter.stores.webhook_inbox import Received, WebhookInbox

log = structlog.get_logger("dexter.realtime")

LOOK_S = 1.0
"""How often the inbox is looked into unasked: for what another worker took in and left."""
TRY_AGAIN_S = 1.0
NOTED_EVERY_S = 20.0
"""How often it is noted, for the poller, that webhooks come."""
_BATCH = 100


class Webhooks:
    """Understands what is in a host's inbox."""

    def __init__(
        self,
        inbox: WebhookInbox,
        intake: Intake,
        readings: Readings,
        turns: PollTurns,
        organization: str,
        now: Callable[[], float],
    ) -> None:
        self._inbox = inbox
        self._intake = intake
        self._readings = readings
        self._turns = turns
        self._organization = organization
        self._now = now
        self._arrived = asyncio.Event()
        self._noted_at = 0.0

    def arrived(self) -> None:
        """Say that something was put into the inbox."""
        self._arrived.set()

    async def run(self) -> None:
        """Understand what comes, for ever. What cannot be recorded now stays in the inbox."""
        while True:
            try:
                while await self.understood():
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

    async def understood(self) -> bool:
        """Understand some of what is in the inbox; False when nothing was. Raises FeedUnavailable."""
        claimed = await self._inbox.claim(_BATCH)
        if not claimed:
            return False
        numbers, batch = [number for number, _ in claimed], [received for _, received in claimed]
        try:
            await self._record_all(batch)
        except FeedUnavailable:
            await self._inbox.release(numbers)
            raise
        await self._inbox.finish(numbers)
        return True

    async def _record_all(self, batch: Sequence[Received]) -> None:
        try:
            await self._record(batch)
        except FeedUnavailable:
            raise
        except Exception as error:
            # One that nobody can understand must not keep the others from being heard.
            log.exception("webhook_not_understood", deliveries=len(batch), error=type(error).__name__)
            if len(batch) > 1:
                for received in batch:
                    await self._record_all([received])

    async def _record(self, batch: Sequence[Received]) -> None:
        deliveries = [self._read(received) for received in batch]
        told = [
            (each, Sighting(each.told.name, each.told.seen, Source.WEBHOOK, actor_ref(each.actor)))
            for each in deliveries
            if each.told is not None
        ]
        recorded = await self._intake.sighted(self._organization, [sighting for _, sighting in told])
        for received, delivery in zip(batch, deliveries, strict=True):
            if delivery.alert is not None:
                # Another worker may have begun with it and have died before it could say so.
                subject = f"delivery:{received.request_id}"
                await self._intake.told(self._alert(delivery.alert, delivery, received), subject=subject, state=b"1")
        for _, sighting in told:
            if sighting.name.id in recorded.doubtful:
                self._readings.want((sighting.name,), _doubted(sighting))
        for each in deliveries:
            self._readings.want(each.readings, _commented(each))
        await self._note()

    async def _note(self) -> None:
        """Have all processes know, from time to time, that webhooks tell what happens."""
        now = self._now()
        if now - self._noted_at >= NOTED_EVERY_S:
            self._noted_at = now
            await self._turns.webhooks_told(self._organization, now)

    def _read(self, received: Received) -> Delivery:
        try:
            body: Any = json_value(received.body)
        except NotJson:
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


def _doubted(sighting: Sighting) -> dict[Kind, Hint]:
    """Give what a delivery said that came too late to be believed by itself."""
    hint = Hint(Source.WEBHOOK, sighting.actor)
    kinds = _KINDS_OF_STATUS.get(sighting.seen.facts.status or "", ()) if "status" in sighting.seen.said else ()
    return dict.fromkeys((*kinds, *((Kind.ASSIGNED,) if "assignee" in sighting.seen.said else ())), hint)


def _commented(delivery: Delivery) -> dict[Kind, Hint]:
    if delivery.comment is None:
        return {}
    return {Kind.COMMENTED: Hint(Source.WEBHOOK, actor_ref(delivery.actor), {"comment": delivery.comment})}


_KINDS_OF_STATUS = {
    "resolved": (Kind.RESOLVED,),
    "ignored": (Kind.ARCHIVED,),
    "unresolved": (Kind.UNRESOLVED, Kind.REGRESSED, Kind.ESCALATING),
}
