"""The seam between the stages that keep answers and the places where they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.stores.entry import Entry

Mark = int
"""A point in the order of purges: what was asked before a purge is told from what was asked after it."""


class Store(Protocol):
    """Keeps answers under their keys, and knows what writes made stale.

    An answer that was asked for before a purge of one of its tags is refused by `put`, since it may show what was
    before the write.
    """

    async def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None."""

    async def put(self, entry: Entry, since: Mark) -> bool:
        """Keep an entry that was asked for at `since`; False when a purge came since or it is too large."""

    async def discard(self, key: str) -> None:
        """Forget the entry of a key, if there is one."""

    async def purge(self, tags: Iterable[str], lagging: Iterable[str] = (), until: float = 0.0) -> int:
        """Forget every entry filed under any of the tags and give their number.

        What is asked for before the monotonic second `until` and filed under a tag of `lagging` counts as lagging.
        """

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags was purged after `since`."""

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether, at the monotonic second `now`, Sentry's search may lag behind a write to any of the tags."""
