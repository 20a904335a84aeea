"""What writes made stale, and when, as one process alone knows it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.stores.store import Mark

REMEMBERED_TAGS = 100_000
"""How many purged tags are told apart; beyond that, every answer asked for before the forgotten ones is refused."""
LAGS_REMEMBERED_S = 3600.0


class Ledger:
    """`Purges` of a process that shares its store with nobody. Bounded: what it forgets, it treats as purged."""

    def __init__(self, remembered_tags: int = REMEMBERED_TAGS) -> None:
        self._remembered_tags = remembered_tags
        self._generation: Mark = 0
        self._floor: Mark = 0
        self._purged: OrderedDict[str, Mark] = OrderedDict()
        self._lagging: OrderedDict[str, float] = OrderedDict()

    async def record(self, tags: Iterable[str], lagging: Iterable[str], until: float) -> None:
        """Note that the tags are purged now, and which of them lag until the monotonic second `until`."""
        self._generation += 1
        for tag in tags:
            self._purged[tag] = self._generation
            self._purged.move_to_end(tag)
        while len(self._purged) > self._remembered_tags:
            self._floor = self._purged.popitem(last=False)[1]
        for tag in lagging:
            self._lagging[tag] = max(until, self._lagging.get(tag, until))
            self._lagging.move_to_end(tag)

    def doubt_everything(self) -> None:
        """Treat everything asked for before now as purged."""
        self._generation += 1
        self._floor = self._generation

    async def note(self, tags: Iterable[str]) -> None:
        """Note a purge that nobody waits for."""
        await self.record(tags, (), 0.0)

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""
        return self._generation

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags was purged after `since`, or may have been."""
        return since < self._floor or any(self._purged.get(tag, 0) > since for tag in tags)

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether any of the tags lags at the monotonic second `now`."""
        self._forget_lags(now)
        return any(self._lagging.get(tag, now) > now for tag in tags)

    def suspended(self) -> bool:
        """Never: there are no others to know of."""
        return False

    async def settle(self) -> None:
        """Return at once: there are no others to hear from."""

    async def aclose(self) -> None:
        """Do nothing: it rests on memory alone."""

    def _forget_lags(self, now: float) -> None:
        # Every lag lasts equally long, so the oldest notes are the first to end. Whether an answer was asked for in one
        # is asked as long as that may be given.
        while self._lagging and next(iter(self._lagging.values())) <= now - LAGS_REMEMBERED_S:
            self._lagging.popitem(last=False)
