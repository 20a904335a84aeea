"""The poller: reads the latest issues while somebody listens, for what webhooks do not tell or did not bring.

One process of all polls; it holds a lease that lies beside the log. What it reads at each turn:

- the issues that were seen last, whatever their status: new ones, counts, changes of what people look at; as many
  pages as have happened since the turn before;
- one page further back, another at each turn, so that in time all are looked at. An issue that was there in one round
  or was told of, and is not in the next, is read by itself: it may have been deleted or merged.

Nothing of it has side effects: a list records no views.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from dexter.errors import DexterError
from dexter.policy.issue_facts import IssueName
from dexter.policy.link_header import next_cursor
from dexter.policy.poll_pace import FASTEST_S, FIRST_S, SLOWEST_S, next_pause_s
from dexter.realtime.readings import YOUNG_S, sightings
from dexter.stores.feed_log import FeedUnavailable
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.features.sentry import Sentry
    from dexter.realtime.intake import Intake, Place, Sighting
    from dexter.realtime.poll_turns import PollTurns, Turn
    from dexter.realtime.readings import Readings

log = structlog.get_logger("dexter.realtime")

PAGE = 100
MOST_PAGES = 20
"""So many pages are read at one turn, if so much has happened; the round finds what lies beyond, later."""
MOST_REMEMBERED = 50_000
"""Of so many issues it is remembered that they were there in the last round."""
IDLE_LOOK_S = 0.25
"""How soon the first listener is noticed."""
TOLD_LATELY_S = 300.0
"""Webhooks count as telling for so long after the last one."""


@dataclass(slots=True)
class _Round:
    """One way through all pages: where it goes on, whom it has met, and who was there the time before."""

    cursor: str | None = None
    met: set[str] = field(default_factory=set)
    before: frozenset[str] = frozenset()

    def finish(self, named: set[str]) -> list[IssueName]:
        """End the round and give the issues that were there in the last one, or were named since, and were not met."""
        missing = sorted((self.before | named) - self.met, key=int)
        self.before = frozenset(self.met) if len(self.met) <= MOST_REMEMBERED else frozenset()
        self.met = set()
        return [IssueName(number) for number in missing]


class Poller:
    """Polls for one organization, if it is this process's turn."""

    def __init__(
        self,
        sentry: Callable[[], Sentry],
        intake: Intake,
        readings: Readings,
        turns: PollTurns,
        listening: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        self._sentry = sentry
        self._intake = intake
        self._readings = readings
        self._turns = turns
        self._listening = listening
        self._now = now
        self._holder = secrets.token_hex(8)
        self._round = _Round()
        self._named_until: Place | None = None
        self._pause_s = FIRST_S
        self._has_turn = False

    async def run(self) -> None:
        """Poll while somebody listens, for ever."""
        while True:
            if not self._listening():
                await self.give_way()
                self._pause_s = FIRST_S
                await asyncio.sleep(IDLE_LOOK_S)
                continue
            await self.turn()
            await self._wait(self._pause_s)

    async def give_way(self) -> None:
        """Let another process poll at once."""
        if self._has_turn:
            self._has_turn = False
            try:
                await self._turns.give_back(self._sentry().organization, self._holder)
            except FeedUnavailable as error:
                # The lease runs out by itself.
                log.warning("poller_leaves", error=str(error))

    async def turn(self) -> None:
        """Poll if it is this process's turn, and decide when the next one is."""
        try:
            turn = await self._turns.take(self._sentry().organization, self._holder, self._now())
            self._has_turn = turn is not None
            if turn is not None:
                await self._poll(turn)
        except DexterError as error:
            log.warning("poll_failed", error=type(error).__name__)
            self._pause_s = SLOWEST_S
        except FeedUnavailable as error:
            # Whoever listens looks anew when the log is back, and what changes after that must not be seen too late.
            log.warning("poll_waits", error=str(error))
            self._pause_s = FASTEST_S

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than somebody listens."""
        left = seconds
        while left > 0 and self._listening():
            await asyncio.sleep(min(left, IDLE_LOOK_S))
            left -= IDLE_LOOK_S

    async def _poll(self, turn: Turn) -> None:
        sentry = self._sentry()
        asked_at = self._now()
        found = await self._latest(sentry, turn)
        recorded = await self._intake.sighted(sentry.organization, list(found.values()))
        tells = self._now() - turn.told_at < TOLD_LATELY_S
        self._pause_s = next_pause_s(self._pause_s, changes=len(recorded.records), webhooks_tell=tells)
        newest = max((int(number) for number in found), default=0)
        next_at = self._now() + self._pause_s
        await self._turns.polled(sentry.organization, self._holder, asked_at, max(newest, turn.newest or 0), next_at)

    async def _latest(self, sentry: Sentry, turn: Turn) -> dict[str, Sighting]:
        """Give what is to be looked at in this turn, each issue once."""
        found: dict[str, Sighting] = {}
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page, cursor = await self._page(sentry, cursor, turn)
            _add(found, page)
            if cursor is None or not _all_since(page, turn.since):
                break
        else:
            log.warning("poll_left_some", issues=len(found))
        self._round.met.update(found)
        # A round begins where the latest end.
        going_on = self._round.cursor or cursor
        if going_on is not None:
            page, self._round.cursor = await self._page(sentry, going_on, turn)
            _add(found, page)
            self._round.met.update(each.name.id for each in page)
        if self._round.cursor is None:
            named, self._named_until = await self._intake.named_since(sentry.organization, self._named_until)
            self._readings.want(self._round.finish(named))
        return found

    async def _page(self, sentry: Sentry, cursor: str | None, turn: Turn) -> tuple[list[Sighting], str | None]:
        asked_at = self._now()
        pairs = [("query", ""), ("sort", "date"), ("limit", str(PAGE)), *([("cursor", cursor)] if cursor else [])]
        reply = await sentry.get("issues.list", {}, pairs)
        page = sightings(reply.document(), asked_at, turn.since, turn.newest)
        return page, next_cursor(header(reply.headers, "link"))


def _add(found: dict[str, Sighting], page: list[Sighting]) -> None:
    for each in page:
        found.setdefault(each.name.id, each)


def _all_since(page: list[Sighting], since: float | None) -> bool:
    """Whether all issues of a page were seen since the last turn, so that there may be more of them."""
    if since is None or not page:
        return False
    last_seen = page[-1].seen.facts.last_seen
    try:
        return last_seen is not None and datetime.fromisoformat(last_seen).timestamp() > since - YOUNG_S
    except ValueError:
        return False
