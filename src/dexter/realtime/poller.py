"""The poller: reads the latest issues while somebody listens, for what webhooks do not tell or did not bring.

One process of all polls; it holds a lease that lies beside the log. What it reads at each turn:

- the issues that were seen last, whatever their status: new ones, counts, and changes of what people look at;
- one page of the unresolved ones further back, another at each turn, so that all are looked at in time.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import structlog

from dexter.errors import DexterError
from dexter.policy.link_header import next_cursor
from dexter.policy.poll_pace import FIRST_S, SLOWEST_S, next_pause_s
from dexter.realtime.readings import sightings
from dexter.stores.feed_log import FeedUnavailable
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.features.sentry import Sentry
    from dexter.realtime.intake import Intake, Sighting
    from dexter.realtime.poll_turns import PollTurns

log = structlog.get_logger("dexter.realtime")

PAGE = 100
IDLE_LOOK_S = 0.25
"""How soon the first listener is noticed."""
TOLD_LATELY_S = 300.0
"""Webhooks count as telling for so long after the last one."""


class Poller:
    """Polls for one organization, if it is this process's turn."""

    def __init__(
        self,
        sentry: Callable[[], Sentry],
        intake: Intake,
        turns: PollTurns,
        listening: Callable[[], int],
        last_webhook_at: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._sentry = sentry
        self._intake = intake
        self._turns = turns
        self._listening = listening
        self._last_webhook_at = last_webhook_at
        self._now = now
        self._holder = secrets.token_hex(8)
        self._sweep: str | None = None
        self._pause_s = FIRST_S
        self.polled_at: float | None = None
        """The epoch second of the last turn that succeeded, here."""

    async def run(self) -> None:
        """Poll while somebody listens, for ever."""
        while True:
            if not self._listening():
                self._pause_s = FIRST_S
                await asyncio.sleep(IDLE_LOOK_S)
                continue
            await self._turn()
            await self._wait(self._pause_s)

    async def give_way(self) -> None:
        """Let another process poll at once. Raises FeedUnavailable."""
        if self.polled_at is not None:
            await self._turns.give_back(self._sentry().organization, self._holder)

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than somebody listens."""
        left = seconds
        while left > 0 and self._listening():
            await asyncio.sleep(min(left, IDLE_LOOK_S))
            left -= IDLE_LOOK_S

    async def _turn(self) -> None:
        try:
            turn = await self._turns.take(self._sentry().organization, self._holder, self._now())
            if turn is not None:
                changes = await self.poll(turn.since)
                tells = self._now() - self._last_webhook_at() < TOLD_LATELY_S
                self._pause_s = next_pause_s(self._pause_s, changes=changes, webhooks_tell=tells)
        except (DexterError, FeedUnavailable) as error:
            log.warning("poll_failed", error=type(error).__name__)
            self._pause_s = SLOWEST_S

    async def poll(self, since: float | None) -> int:
        """Read once and give how many changes that were; what was first seen after `since` is new.

        Raises what stands between Dexter and Sentry.
        """
        sentry = self._sentry()
        asked_at = self._now()
        latest, _ = await self._page(sentry, "", None, since)
        swept, self._sweep = await self._page(sentry, "is:unresolved", self._sweep, since)
        found = {each.name.id: each for each in (*swept, *latest)}
        recorded = await self._intake.sighted(sentry.organization, list(found.values()))
        await self._turns.polled(sentry.organization, self._holder, asked_at)
        self.polled_at = asked_at
        return len(recorded.records)

    async def _page(
        self, sentry: Sentry, query: str, cursor: str | None, since: float | None
    ) -> tuple[list[Sighting], str | None]:
        asked_at = self._now()
        pairs = [("query", query), ("sort", "date"), ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        reply = await sentry.get("issues.list", {}, pairs)
        return sightings(reply.document(), asked_at, since), next_cursor(header(reply.headers, "link"))
