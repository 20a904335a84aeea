"""Answers kept in this process, within a bound of bytes, the least recently used going first."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from dexter.stores.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.stores.entry import Entry
    from dexter.stores.store import Mark

DEFAULT_MAX_BYTES = 128 * 1024 * 1024
LARGEST_SHARE = 8
"""An entry may take one eighth of the room: a single export must not push everything else out."""


class MemoryStore:
    """A `Store` of this process alone."""

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES, ledger: Ledger | None = None) -> None:
        self._max_bytes = max_bytes
        self._ledger = ledger or Ledger()
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._by_tag: dict[str, set[str]] = {}
        self._used_bytes = 0

    @property
    def used_bytes(self) -> int:
        """Give what all entries take."""
        return self._used_bytes

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None."""
        return self.peek(key)

    def peek(self, key: str) -> Entry | None:
        """Give the entry of a key without suspending: the way in for a caller that is no coroutine."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    async def put(self, entry: Entry, since: Mark) -> bool:
        """Keep an entry that was asked for at `since`; False when a purge came since, a newer
        one is there, or it is too large."""
        if self._ledger.outdated(entry.tags, since) or entry.size_bytes > self._max_bytes // LARGEST_SHARE:
            return False
        present = self._entries.get(entry.key)
        if present is not None and present.stored_at > entry.stored_at:
            return False
        self._remove(entry.key)
        self._entries[entry.key] = entry
        self._used_bytes += entry.size_bytes
        for tag in entry.tags:
            self._by_tag.setdefault(tag, set()).add(entry.key)
        while self._used_bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))
        return True

    async def discard(self, key: str) -> None:
        """Forget the entry of a key, if there is one."""
        self._remove(key)

    async def purge(self, tags: Iterable[str], lagging: Iterable[str] = (), until: float = 0.0) -> int:
        """Forget every entry filed under any of the tags and give their number."""
        tags = frozenset(tags)
        self._ledger.record(tags, lagging, until)
        keys = set().union(*(self._by_tag.get(tag, ()) for tag in tags))
        for key in keys:
            self._remove(key)
        return len(keys)

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""
        return self._ledger.mark()

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags was purged after `since`."""
        return self._ledger.outdated(tags, since)

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether Sentry's search may lag behind a write to any of the tags."""
        return self._ledger.lagging(tags, now)

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._used_bytes -= entry.size_bytes
        for tag in entry.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]
