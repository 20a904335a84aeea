"""One subscription's line: reads the log on, writes down what is to be sent, and sends it, in this order.

What is wanted is written down in one transaction with the new place in the log. So each event is pending, delivered
or dead, whenever a process dies. Nothing here waits for another subscription, and the log for none of them: while too
much is pending it is not read on, and what it has forgotten by then is told as a gap.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dexter.database import people, subscription_deliveries, subscriptions
from dexter.database.columns import at
from dexter.database.engine import DatabaseUnavailable
from dexter.features.people_keys import Unreadable
from dexter.observe.records import EventForwarded, tell
from dexter.policy.feed_channels import EVERYTHING, read_filter
from dexter.policy.outgoing import LONGEST_HOLD_S, PATIENCE, State, judge, room, slots, wants_type
from dexter.policy.outgoing_seal import delivery_id, sealed
from dexter.policy.people import BUILT_IN_ID, Role
from dexter.realtime.audience import Interest
from dexter.realtime.hub import Frame, Position, frame, place_beyond, why_missing
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.subscription_deliveries import KeptDelivery
    from dexter.database.subscriptions import Subscription
    from dexter.policy.outgoing import Verdict
    from dexter.realtime.outgoing.forwarding import ForwardingParts

log = structlog.get_logger("dexter.outgoing")

MOST_PENDING = 1000
"""So many deliveries of a subscription wait in the database; what comes after them waits in the log."""
PAGE = 200
AT_ONCE = 4
"""How many attempts at one receiver are under way at a time."""
IDLE_S = 10.0
LOOK_S = 1.0
"""How old what is known of the subscription and of the log may be while deliveries go out one after the other."""
STUMBLE_S = 2.0
KEEP_EVERY_S = 2.0
KEEP_EVERY = 500
"""How far a place in the log may be kept in memory only, where nothing was wanted on the way."""
RECHECK_S = 60.0
"""How long a subscription goes on after its creator has lost the right to it, at most."""
WRITE_TRIES = 3
GAP = "gap"
UNREADABLE = "Its secret cannot be read with any key of this Dexter: give it the key, or make a new secret."


class Line:
    """Forwards to one subscription."""

    def __init__(
        self, parts: ForwardingParts, held: Subscription, is_ours: Callable[[], bool], tell_changed: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._held = held
        self._is_ours = is_ours
        self._tell_changed = tell_changed
        self._at = Position(held.epoch, held.position)
        self._kept_at = 0.0
        self._checked_at: float | None = None
        self._oldest: datetime | None = None
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._sending: set[str] = set()
        """Those of them that wait for the receiver."""
        self._is_over = False
        self._has_news = True
        self._looked_at = -inf
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.create_task(self._run(), name=f"outgoing {self._held.id}")

    def wake(self) -> None:
        """Look at once."""
        self._has_news = True
        self._woken.set()

    def has_changed(self, now: Subscription) -> bool:
        """Whether somebody has changed it, or has asked for something to be sent at once."""
        return now.updated_at != self._held.updated_at

    def lag_s(self) -> float:
        """Give how long the oldest event has waited."""
        return 0.0 if self._oldest is None else max(0.0, self._parts.now() - self._oldest.timestamp())

    async def aclose(self, grace_s: float) -> None:
        """Stop, with as much patience for the attempts under way.

        What waits for a receiver is broken off then. What is at the database is let come to its end: a transaction that
        is cancelled can hold up all others for a while.
        """
        self._is_over = True
        self._woken.set()
        running = [*self._under_way.values(), *([] if self._task is None else [self._task])]
        if not running:
            return
        await asyncio.wait(running, timeout=grace_s)
        for name in self._sending:
            self._under_way[name].cancel()
        _, left = await asyncio.wait(running, timeout=grace_s)
        for task in left:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self) -> None:
        while not self._is_over:
            self._woken.clear()
            pause_s = STUMBLE_S
            try:
                pause_s = await self._go_on()
            except DatabaseUnavailable as error:
                log.warning("line_waits", subscription=self._held.id, error=str(error))
            except Exception:
                log.exception("line_failed", subscription=self._held.id)
            with suppress(TimeoutError):
                # Not `wait_for`, which keeps a cancellation to itself that comes together with what it waits for.
                async with asyncio.timeout(pause_s):
                    await self._woken.wait()

    async def _go_on(self) -> float:
        """Read and send what can be, and give how long nothing is to be done unless something happens."""
        async with self._parts.turns:
            if not self._is_ours():
                return IDLE_S
            # What has just been sent is no reason to look at everything again.
            if self._has_news or time.monotonic() - self._looked_at >= LOOK_S:
                # What is news from here on is looked at the next time, and so is what was not seen to its end.
                self._has_news, self._looked_at = False, -inf
                async with self._parts.database.reading() as connection:
                    is_running = await self._looked(connection)
                if not is_running or not await self._is_permitted():
                    return IDLE_S
                try:
                    await self._read_on()
                except FeedUnavailable as error:
                    # What is pending can be sent without it.
                    log.warning("line_reads_nothing", subscription=self._held.id, error=str(error))
                    return min(STUMBLE_S, await self._send_on())
                self._looked_at = time.monotonic()
            return await self._send_on()

    async def _looked(self, connection: AsyncConnection) -> bool:
        """Look at the subscription as it is now; False when it is to be left alone."""
        found = await subscriptions.find(connection, self._held.organization, self._held.id)
        if found is None or not found.is_running:
            return False
        if (found.epoch, found.position) != (self._held.epoch, self._held.position):
            # Another process moved it while this one held no lease.
            self._at = Position(found.epoch, found.position)
        self._held = found
        return True

    async def _is_permitted(self) -> bool:
        """Whether its creator still may hear what it hears; else it stops, and says why."""
        now = self._parts.now()
        if self._checked_at is not None and now - self._checked_at < RECHECK_S:
            return True
        why = await self._refused()
        if why is None:
            self._checked_at = now
            return True
        async with self._parts.database.transaction() as connection:
            await subscriptions.change(connection, self._held.id, {"paused": why})
        log.warning("subscription_paused", subscription=self._held.id, why=why)
        return False

    async def _refused(self) -> str | None:
        who = self._held.created_by
        if who == BUILT_IN_ID:
            return None
        async with self._parts.database.reading() as connection:
            account = None if who is None else await people.account(connection, who)
        name = self._held.created_by_name
        if account is None or account.disabled_at is not None:
            return f"{name}, who answers for it, does not use this Dexter any more."
        if account.person.role_in(self._held.organization) is not Role.ADMIN:
            return f"{name}, who answers for it, is no administrator of {self._held.organization} any more."
        return None

    async def _read_on(self) -> None:
        """Write down what is wanted of what the log has, as far as there is room."""
        interest = _interest(self._held)
        organization = self._held.organization
        while not self._is_over:
            limit = room(await self._pending(), MOST_PENDING, PAGE)
            if not limit:
                return
            page = await self._parts.hub.log.after(organization, self._at.offset, limit)
            missing = why_missing(page, self._at)
            if missing is not None:
                place = place_beyond(page, missing)
                await self._keep(place, [_gap(self._held.id, self._at, place, missing)])
                continue
            frames = [frame(page.epoch, record) for record in page.records]
            wanted = [each for each in frames if each is not None and self._wants(interest, each)]
            last = page.records[-1].offset if page.records else self._at.offset
            await self._keep(Position(page.epoch, last), [_event(self._held.id, each) for each in wanted])
            if not page.records:
                return

    def _wants(self, interest: Interest, found: Frame) -> bool:
        return interest.covers(found) and wants_type(self._held.types, found.event.type)

    async def _pending(self) -> int:
        async with self._parts.database.reading() as connection:
            count, self._oldest = await subscription_deliveries.waiting(connection, self._held.id)
        return count

    async def _keep(self, place: Position, rows: list[dict[str, Any]]) -> None:
        """Write down a place in the log, and in the same transaction what is to be sent of what lies before it."""
        now, held = self._parts.now(), self._held
        is_kept = (place.epoch, place.offset) == (held.epoch, held.position)
        is_far = place.epoch != held.epoch or place.offset - held.position >= KEEP_EVERY
        if not rows and (is_kept or (not is_far and now - self._kept_at < KEEP_EVERY_S)):
            self._at = place
            return
        stamped = [{**row, "state": State.PENDING, "created_at": at(now), "next_attempt_at": at(now)} for row in rows]
        async with self._parts.database.transaction() as connection:
            if not await subscriptions.advance(connection, held, place.epoch, place.offset):
                raise DatabaseUnavailable("Another process has moved the subscription.")
            await subscription_deliveries.put(connection, stamped)
        # Not before: what could not be written down is read again.
        self._at, self._kept_at = place, now
        self._held = replace(held, epoch=place.epoch, position=place.offset)

    async def _send_on(self) -> float:
        """Begin attempts in the order of the log, as many as may be under way, and give when to look again."""
        now = at(self._parts.now())
        # Named before the moment that is read: what ends after it still is pending there.
        under_way = tuple(self._under_way)
        async with self._parts.database.reading() as connection:
            # At the same moment as what is due: it may have been stopped by the attempt that has just ended.
            if not await self._looked(connection):
                return IDLE_S
            held = self._held
            pause_s = IDLE_S if self._is_kept() else KEEP_EVERY_S
            if held.held_until is not None and held.held_until > now:
                return min(pause_s, (held.held_until - now).total_seconds())
            free = slots(held.failures, AT_ONCE) - len(under_way)
            if free <= 0 or self._is_over:
                return pause_s
            due = await subscription_deliveries.due(connection, held.id, now, free, under_way)
            if not due:
                next_at = await subscription_deliveries.next_at(connection, held.id, under_way)
                return pause_s if next_at is None else max(0.01, min(pause_s, (next_at - now).total_seconds()))
        for delivery in due:
            self._under_way[delivery.id] = asyncio.create_task(self._attempted(delivery))
        return pause_s

    def _is_kept(self) -> bool:
        return (self._at.epoch, self._at.offset) == (self._held.epoch, self._held.position)

    async def _attempted(self, delivery: KeptDelivery) -> None:
        try:
            await self._attempt(delivery)
        except DatabaseUnavailable:
            log.warning("delivery_not_settled", subscription=self._held.id, delivery=delivery.id)
            await asyncio.sleep(STUMBLE_S)
        except Exception:
            log.exception("delivery_failed", subscription=self._held.id, delivery=delivery.id)
            await asyncio.sleep(STUMBLE_S)
        finally:
            del self._under_way[delivery.id]
            self._woken.set()

    async def _attempt(self, delivery: KeptDelivery) -> None:
        parts, held = self._parts, self._held
        try:
            secret = parts.ring.decrypt(held.ciphertext, held.key_id, subscriptions.about(held.id))
        except Unreadable:
            await self._wait_for_a_key()
            return
        body = msgspec.json.encode(delivery.message)
        headers = sealed(body, delivery=delivery.id, event=delivery.type, now=parts.now(), secret=secret)
        self._sending.add(delivery.id)
        try:
            outcome = await parts.sender.send(held.url, body, headers)
        finally:
            self._sending.discard(delivery.id)
        verdict = judge(
            outcome,
            delivery.attempts + 1,
            held.failures,
            parts.rule,
            parts.now(),
            random.random(),  # noqa: S311
        )
        await self._settle(delivery, verdict)
        if verdict.state is not State.DELIVERED or held.failures:
            self._has_news = True
        word = "again" if verdict.state is State.PENDING else verdict.state.value
        tell(parts.observers, EventForwarded(word))
        if verdict.state is State.DEAD:
            log.warning("delivery_dead", subscription=held.id, delivery=delivery.id, status=verdict.status)
        if verdict.pauses is not None:
            log.warning("subscription_paused", subscription=held.id, why=verdict.pauses)
            self._tell_changed()

    async def _settle(self, delivery: KeptDelivery, verdict: Verdict) -> None:
        """Write what came of an attempt; the attempt is over, so that it is tried a few times."""
        values, theirs = _told(delivery, verdict, self._parts.now())
        for left in reversed(range(WRITE_TRIES)):
            try:
                async with self._parts.turns, self._parts.database.transaction() as connection:
                    await subscription_deliveries.settle(connection, delivery, values, theirs)
            except DatabaseUnavailable:
                if not left:
                    raise
                await asyncio.sleep(STUMBLE_S)
            else:
                return

    async def _wait_for_a_key(self) -> None:
        """Say that nothing can be signed here, and look again after a while: no event loses an attempt by that."""
        held_until = at(self._parts.now()) + timedelta(seconds=LONGEST_HOLD_S)
        theirs = {"failures": PATIENCE, "held_until": held_until, "last_error": UNREADABLE}
        async with self._parts.database.transaction() as connection:
            await subscriptions.change(connection, self._held.id, theirs)
        log.error("subscription_secret_unreadable", subscription=self._held.id, key=self._held.key_id)


def _told(delivery: KeptDelivery, verdict: Verdict, now: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what an attempt changes of its delivery, and of the subscription."""
    moment = at(now)
    values: dict[str, Any] = {
        "state": verdict.state,
        "attempts": delivery.attempts + verdict.counts,
        "last_status": verdict.status,
        "last_error": verdict.error,
        "next_attempt_at": None,
        "settled_at": None if verdict.state is State.PENDING else moment,
    }
    if verdict.state is State.DELIVERED:
        delivered = subscription_deliveries.delivered_one_more()
        good = {"delivered": delivered, "failures": 0, "held_until": None, "last_delivery_at": moment}
        return values, {**good, "last_error": None}
    theirs: dict[str, Any] = {"failures": subscription_deliveries.failed_once_more(), "last_error": verdict.error}
    if verdict.state is State.PENDING:
        values["next_attempt_at"] = moment + timedelta(seconds=verdict.again_s)
    if verdict.hold_s:
        theirs["held_until"] = moment + timedelta(seconds=verdict.hold_s)
    if verdict.pauses is not None:
        theirs["paused"] = verdict.pauses
    return values, theirs


def _interest(held: Subscription) -> Interest:
    """Give what a subscription wants. Only administrators answer for one, and they may know of every project."""
    try:
        wanted = read_filter(held.filter)
    except ValueError:
        wanted = EVERYTHING  # it was checked when it was stated, by a Dexter that knew more
    return Interest(frozenset(held.channels), wanted)


def _event(subscription_id: str, found: Frame) -> dict[str, Any]:
    return {
        "id": delivery_id(subscription_id, found.epoch, found.offset, "event"),
        "subscription_id": subscription_id,
        "type": found.event.type,
        "message": msgspec.json.decode(found.text),
    }


def _gap(subscription_id: str, since: Position, place: Position, why: str) -> dict[str, Any]:
    message = {
        "kind": GAP,
        "epoch": place.epoch,
        "offset": place.offset,
        "why": why,
        "since": {"epoch": since.epoch, "offset": since.offset},
    }
    named = f"gap from {since.epoch}:{since.offset} to"
    return {
        "id": delivery_id(subscription_id, place.epoch, place.offset, named),
        "subscription_id": subscription_id,
        "type": GAP,
        "message": message,
    }
