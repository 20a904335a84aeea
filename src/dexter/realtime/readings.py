"""Sentry's own word on issues that something was heard of, asked for together and without side effects.

An issue's own address records that somebody looked at it, so that issues are read as a list by their numbers. One
that the list leaves out may be gone: its events say so, since they are not found then, or are another issue's.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from dexter.errors import DexterError, NotFound
from dexter.policy.issue_facts import IssueName, issue_facts, issue_name
from dexter.policy.issue_feed import Seen
from dexter.realtime.events import Source
from dexter.realtime.intake import Recorded, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dexter.features.sentry import Sentry
    from dexter.realtime.intake import Intake

log = structlog.get_logger("dexter.realtime")

MOST_AT_ONCE = 100
GATHER_S = 0.15
"""How long others are waited for that can be read along."""
TRY_AGAIN_S = 5.0
LONGEST_QUEUE = 5000
"""Beyond so many waiting issues new ones are left to the poller."""


class Readings:
    """Issues to be read, each once however often it was heard of."""

    def __init__(self, sentry: Callable[[], Sentry], intake: Intake, now: Callable[[], float]) -> None:
        self._sentry = sentry
        self._intake = intake
        self._now = now
        self._wanted: dict[str, IssueName] = {}
        self._is_wanted = asyncio.Event()

    def want(self, names: Iterable[IssueName]) -> None:
        """Have issues read soon."""
        for name in names:
            if len(self._wanted) < LONGEST_QUEUE:
                self._wanted.setdefault(name.id, name)
        if self._wanted:
            self._is_wanted.set()

    async def run(self) -> None:
        """Read what is wanted, for ever."""
        while True:
            await self._is_wanted.wait()
            await asyncio.sleep(GATHER_S)
            batch = dict(list(self._wanted.items())[:MOST_AT_ONCE])
            for number in batch:
                del self._wanted[number]
            if not self._wanted:
                self._is_wanted.clear()
            try:
                await self.read(batch)
            except DexterError as error:
                log.warning("reading_put_off", error=type(error).__name__, issues=len(batch))
                await asyncio.sleep(TRY_AGAIN_S)
                self.want(batch.values())

    async def read(self, names: dict[str, IssueName]) -> Recorded:
        """Read issues now. Raises what stands between Dexter and Sentry."""
        sentry = self._sentry()
        asked_at = self._now()
        query = [("query", ""), ("limit", str(MOST_AT_ONCE)), *(("group", number) for number in names)]
        found = sightings((await sentry.get("issues.list", {}, query)).document(), asked_at)
        recorded = await self._intake.sighted(sentry.organization, found)
        for missing in names.keys() - {each.name.id for each in found}:
            await self._look_after(sentry, names[missing])
        return recorded

    async def _look_after(self, sentry: Sentry, name: IssueName) -> None:
        """Find out what became of an issue that is not listed."""
        try:
            events = (await sentry.get("issues.events", {"id": name.id}, (("per_page", "1"),))).document()
        except NotFound:
            await self._intake.removed(sentry.organization, name, Source.POLL)
            return
        survivor = str(events[0].get("groupID", name.id)) if events else name.id
        if survivor != name.id:
            await self._intake.removed(sentry.organization, name, Source.POLL, IssueName(survivor))


def sightings(records: Any, at: float, since: float | None = None) -> list[Sighting]:
    """Give the sightings that a list of Sentry's is, asked for at the epoch second `at`.

    An issue that happened first after `since` is new; without a `since` nobody knows, and none is.
    """
    if not isinstance(records, list):
        return []
    named = ((issue_name(record), record) for record in records if isinstance(record, dict))
    return [
        Sighting(
            name, Seen(issue_facts(record), at, whole=True, born=_is_born(record.get("firstSeen"), since)), Source.POLL
        )
        for name, record in named
        if name is not None
    ]


def _is_born(first_seen: Any, since: float | None) -> bool:
    if since is None or not isinstance(first_seen, str):
        return False
    try:
        return datetime.fromisoformat(first_seen).timestamp() > since
    except ValueError:
        return False
