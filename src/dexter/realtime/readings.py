"""Sentry's own word on issues that something was heard of, asked for together and without side effects.

An issue's own address records that somebody looked at it, so that issues are read as a list by their numbers. One
that the list leaves out may be gone: its events say so, since they are not found then, or are another issue's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from dexter.errors import BadRequest, DexterError, NotFound, NotInThisSentry
from dexter.policy.issue_facts import IssueName, is_new, issue_facts, issue_name
from dexter.policy.issue_feed import Seen
from dexter.realtime.events import Source
from dexter.realtime.intake import Recorded, Sighting
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dexter.features.sentry import Sentry
    from dexter.policy.issue_feed import Kind
    from dexter.realtime.intake import Hint, Intake

log = structlog.get_logger("dexter.realtime")

MOST_AT_ONCE = 100
GATHER_S = 0.15
"""How long others are waited for that can be read along."""
BUSY_GATHER_S = 1.0
"""As long as that when one reading follows another: a storm of errors must not become one of calls."""
TRY_AGAIN_S = 5.0
LONGEST_QUEUE = 5000
"""Beyond so many waiting issues new ones are left to the poller."""
YOUNG_S = 120.0
"""An issue that nobody knew and that is no older than this is new: clocks differ, and search comes after."""


@dataclass(slots=True)
class _Wanted:
    """An issue to be read, and what was heard of it."""

    name: IssueName
    hints: dict[Kind, Hint] = field(default_factory=dict)


class Readings:
    """Issues to be read, each once however often it was heard of."""

    def __init__(self, sentry: Callable[[], Sentry], intake: Intake, now: Callable[[], float]) -> None:
        self._sentry = sentry
        self._intake = intake
        self._now = now
        self._wanted: dict[str, _Wanted] = {}
        self._is_wanted = asyncio.Event()

    def want(self, names: Iterable[IssueName], hints: Mapping[Kind, Hint] | None = None) -> None:
        """Have issues read soon. Changes that are found then, and were heard of, are told with what was heard."""
        for name in names:
            if name.id in self._wanted or len(self._wanted) < LONGEST_QUEUE:
                self._wanted.setdefault(name.id, _Wanted(name)).hints.update(hints or {})
        if self._wanted:
            self._is_wanted.set()

    async def run(self) -> None:
        """Read what is wanted, for ever."""
        gather_s = GATHER_S
        while True:
            try:
                await asyncio.wait_for(self._is_wanted.wait(), BUSY_GATHER_S)
            except TimeoutError:
                gather_s = GATHER_S
                continue
            await asyncio.sleep(gather_s)
            gather_s = BUSY_GATHER_S
            await self.read_wanted()

    async def read_wanted(self) -> None:
        """Read what is wanted now, as much of it as can be read at once; what cannot be read stays wanted."""
        batch = dict(list(self._wanted.items())[:MOST_AT_ONCE])
        for number in batch:
            del self._wanted[number]
        if not self._wanted:
            self._is_wanted.clear()
        try:
            await self._read(batch)
        except BadRequest as error:
            # Asked again it would be refused again; the poller looks at everything in time.
            log.warning("reading_refused", error=error.message, issues=len(batch))
        except (DexterError, FeedUnavailable) as error:
            log.warning("reading_put_off", error=type(error).__name__, issues=len(batch))
            await asyncio.sleep(TRY_AGAIN_S)
            for each in batch.values():
                self.want((each.name,), each.hints)

    async def read(self, names: Iterable[IssueName]) -> Recorded:
        """Read issues now. Raises what stands between Dexter and Sentry."""
        return await self._read({name.id: _Wanted(name) for name in names})

    async def _read(self, wanted: Mapping[str, _Wanted]) -> Recorded:
        if not wanted:
            return Recorded(())
        sentry = self._sentry()
        asked_at = self._now()
        try:
            found = sightings(await self._listed(sentry, [("group", number) for number in wanted]), asked_at)
        except NotInThisSentry:
            # It knows no list by numbers. What was just heard of is among the latest, and the poller sees the rest.
            found, unlisted = sightings(await self._listed(sentry, []), asked_at), set[str]()
        else:
            unlisted = wanted.keys() - {each.name.id for each in found}
        heard = [each.with_hints(wanted[each.name.id].hints) if each.name.id in wanted else each for each in found]
        recorded = await self._intake.sighted(sentry.organization, heard)
        for missing in unlisted:
            await self._look_after(sentry, wanted[missing].name)
        return recorded

    async def _listed(self, sentry: Sentry, which: list[tuple[str, str]]) -> Any:
        query = [("query", ""), ("sort", "date"), ("limit", str(MOST_AT_ONCE)), *which]
        return (await sentry.get("issues.list", {}, query)).document()

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


def sightings(records: Any, at: float, since: float | None = None, newest: int | None = None) -> list[Sighting]:
    """Give the sightings that a list of Sentry's is, asked for at the epoch second `at`.

    An issue that nobody knew is new if it is young, came about after `since`, or has a higher number than `newest`.
    """
    if not isinstance(records, list):
        return []
    young = at - YOUNG_S if since is None else min(since, at) - YOUNG_S
    named = ((issue_name(record), record) for record in records if isinstance(record, dict))
    return [
        Sighting(name, Seen(issue_facts(record), at, whole=True, born=is_new(record, young, newest)), Source.POLL)
        for name, record in named
        if name is not None
    ]
