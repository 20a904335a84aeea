"""The store in two levels: this process's memory before what all processes share, under one order of purges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.stores.entry import Entry
    from dexter.stores.shelf import Shelf
    from dexter.stores.store import Mark, Purges


class Level(Protocol):
    """Entries that several processes share. It never raises: a level that fails has nothing and keeps nothing."""

    async def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None."""

    async def get_anew(self, key: str) -> Entry | None:
        """Give the entry that is under a key when this is asked or later, or None."""

    def put(self, entry: Entry) -> None:
        """Begin to keep an entry; one asked for earlier does not replace a later one."""

    async def discard(self, key: str) -> None:
        """Forget the entry of a key."""

    async def settled(self) -> None:
        """Return when what was put so far can be read by all."""

    async def aclose(self) -> None:
        """Finish what is being written and let everything go."""


_ENDS = ("identity:", "key:")
"""Tags whose purge ends an answer: its credential is doubted, or the thing is gone. Every other purge outdates it."""


def key_tag(key: str) -> str:
    """Give the tag by which a single entry is purged everywhere."""
    return f"key:{key}"


class TwoLevels:
    """A `Store`. Every hit, in either level, is checked against the purges before it is given."""

    def __init__(self, shelf: Shelf, purges: Purges, level: Level | None) -> None:
        self._shelf = shelf
        self._purges = purges
        self._level = level
        self._is_closed = False

    @property
    def used_bytes(self) -> int:
        """Give what all entries in memory take."""
        return self._shelf.used_bytes

    def __len__(self) -> int:
        return len(self._shelf)

    async def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None. While the promise is suspended it is good as a fallback only."""
        await self._settle()
        entry = self.peek(key)
        if entry is not None and not entry.fallback_only:
            return entry
        # Another process may have asked since. While purges are unknown nothing of it would count as fresh, and a look
        # might take long.
        if self._level is not None and not self._purges.suspended():
            self._promote(await self._level.get(key))
        return self._as_known(self._held(key))

    def peek(self, key: str) -> Entry | None:
        """Give the live entry of a key from memory without suspending; None also when unsure."""
        entry = self._shelf.get(key)
        return None if entry is None or self._purges.suspended() or self._is_outdated(entry) else entry

    async def reread(self, key: str) -> Entry | None:
        """Give the entry of a key after a look at what other processes kept under it meanwhile."""
        await self._settle()
        if self._level is not None:
            self._promote(await self._level.get_anew(key))
        return self._as_known(self._held(key))

    async def put(self, entry: Entry, since: Mark) -> bool:
        """Keep an entry that was asked for at `since`; False when a purge came since, a newer
        one is there, or it is too large."""
        if entry.mark != since:
            entry = replace(entry, mark=since)
        if self._is_outdated(entry) or not self._shelf.keep(entry):
            return False
        if self._level is not None:
            self._level.put(entry)
        return True

    async def settled(self) -> None:
        """Return when what was put so far can be read by the other processes."""
        if self._level is not None:
            await self._level.settled()

    async def discard(self, key: str) -> None:
        """Forget the entry of a key, if there is one, wherever it is kept."""
        self._shelf.remove(key)
        if self._level is not None:
            await self._level.discard(key)
            # Other processes hold it in their memory, too.
            await self._purges.note((key_tag(key),))

    async def purge(self, tags: Iterable[str], lagging: Iterable[str] = (), until: float = 0.0) -> int:
        """Outdate every entry filed under any of the tags and give how many there were in this process.

        In the shared level, and in other processes' memory, such entries are found outdated when somebody asks.
        """
        tags = frozenset(tags)
        reached = sum(not self._is_outdated(entry) for entry in self._shelf.tagged(tags))
        for entry in self._shelf.tagged(tag for tag in tags if tag.startswith(_ENDS)):
            self._shelf.remove(entry.key)
        await self._purges.record(tags, lagging, until)
        return reached

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""
        return self._purges.mark()

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags was purged after `since`."""
        return self._purges.outdated(tags, since)

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether Sentry's search may lag behind a write to any of the tags."""
        return self._purges.lagging(tags, now)

    def suspended(self) -> bool:
        """Whether writes made elsewhere cannot be known at present, so that nothing kept may count as fresh."""
        return self._purges.suspended()

    async def aclose(self) -> None:
        """Finish what is being written and let everything go; once is enough, twice does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._level is not None:
            await self._level.aclose()
        await self._purges.aclose()

    async def _settle(self) -> None:
        if self._purges.suspended():
            await self._purges.settle()

    def _held(self, key: str) -> Entry | None:
        entry = self._shelf.get(key)
        if entry is not None and self._is_ended(entry):
            self._shelf.remove(key)
            return None
        return entry

    def _promote(self, entry: Entry | None) -> None:
        if entry is not None and not self._is_ended(entry):
            self._shelf.keep(entry)

    def _is_outdated(self, entry: Entry) -> bool:
        return self._purges.outdated((key_tag(entry.key), *entry.tags), entry.mark)

    def _is_ended(self, entry: Entry) -> bool:
        if not self._is_outdated(entry):
            return False
        ends = (key_tag(entry.key), *(tag for tag in entry.tags if tag.startswith(_ENDS)))
        return self._purges.outdated(ends, entry.mark)

    def _as_known(self, entry: Entry | None) -> Entry | None:
        if entry is None:
            return None
        if self._is_outdated(entry):
            entry = replace(entry, outdated=True)
        return replace(entry, fallback_only=True) if self._purges.suspended() else entry
