"""The seam between the stages that keep answers and the places where they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.stores.entry import Entry

Mark = int
"""A point in the order of purges: what was asked before a purge is told from what was asked after it."""


class Purges(Protocol):
    """Knows what writes made stale, and when: in this process, on this host, or on every host."""

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags was purged after `since`, or may have been."""

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether, at the monotonic second `now`, Sentry's search may lag behind a write to any of the tags."""

    def suspended(self) -> bool:
        """Whether purges by others cannot be known at present, so that nothing kept may count as fresh."""

    async def settle(self) -> None:
        """Wait a moment for knowledge of the others, if it just ran out; never long, never in vain twice."""

    async def record(self, tags: Iterable[str], lagging: Iterable[str], until: float) -> None:
        """Note that the tags are purged now, and which of them lag until the monotonic second `until`.

        Returns when nobody counts an older answer as fresh any more, or when the promise of that is suspended.
        """

    async def note(self, tags: Iterable[str]) -> None:
        """Note a purge that nobody waits for: the others learn of it soon."""

    async def aclose(self) -> None:
        """Let go of what it rests on."""


class Store(Protocol):
    """Keeps answers under their keys, and knows what writes made stale.

    An answer that was asked for before a purge of one of its tags is refused by `put`, since it may show what was
    before the write; one that was kept before a purge is given by `get` as outdated, or not at all when the purge says
    that its credential is doubted.
    """

    async def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None. While the promise is suspended it is good as a fallback only."""

    async def reread(self, key: str) -> Entry | None:
        """Give the entry of a key after a look at what other processes kept under it meanwhile."""

    async def put(self, entry: Entry, since: Mark) -> bool:
        """Keep an entry that was asked for at `since`; False when a purge came since or it is too large."""

    async def settled(self) -> None:
        """Return when what was put so far can be read by the other processes."""

    async def discard(self, key: str) -> None:
        """Forget the entry of a key, if there is one."""

    async def purge(self, tags: Iterable[str], lagging: Iterable[str] = (), until: float = 0.0) -> int:
        """Outdate every entry filed under any of the tags and give how many there were in this process.

        What is asked for before the monotonic second `until` and filed under a tag of `lagging` counts as lagging.
        """

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags was purged after `since`."""

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether, at the monotonic second `now`, Sentry's search may lag behind a write to any of the tags."""

    def suspended(self) -> bool:
        """Whether writes made elsewhere cannot be known at present, so that nothing kept may count as fresh."""

    async def aclose(self) -> None:
        """Finish what is being written and let everything go."""
