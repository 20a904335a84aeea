"""A feed's log in memory, which a test lets grow, be trimmed, begin anew, fall back and fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dexter.realtime.events import FeedEvent, IssueRef, packed
from dexter.stores.feed_log import FeedUnavailable, Page, Record

if TYPE_CHECKING:
    from collections.abc import Collection

    from dexter.stores.feed_log import Decide


def event(kind: str = "issue.resolved", project: str | None = "shop", issue: str = "7", **more: Any) -> FeedEvent:
    """Something that happened."""
    named = IssueRef(issue, f"SHOP-{issue}", "Oops")
    stated = {"at": "2026-01-02T03:04:05Z", **more}
    return FeedEvent(type=kind, organization="acme", source="poll", project=project, issue=named, **stated)


class FeedLogDouble:
    """A `FeedLog`."""

    def __init__(self) -> None:
        self.epoch = "one"
        self.last = 0
        self.begins = 0
        self.records: list[Record] = []
        self.known: dict[str, bytes] = {}
        self.is_down = False
        self.asked = 0
        """How often somebody read the log."""
        self._waiting: list[asyncio.Event] = []

    def happens(self, *events: FeedEvent | bytes) -> None:
        """Record events, or bytes that are none."""
        for each in events:
            self.last += 1
            self.records.append(Record(self.last, each if isinstance(each, bytes) else packed(each)))
        self._wake()

    def trim(self, kept: int) -> None:
        """Forget all but the last records."""
        self.records = self.records[-kept:] if kept else []

    def begin_anew(self, epoch: str) -> None:
        """Lose everything."""
        self.epoch, self.last, self.begins, self.records = epoch, 0, 0, []
        self._wake()

    def fail_over(self, epoch: str, to: int) -> None:
        """Start anew without the last records, as a store does that knows that it may have lost some."""
        self.epoch, self.begins = epoch, to
        self.fall_back(to)

    def fall_back(self, to: int) -> None:
        """Lose the last records."""
        self.last, self.records = to, [record for record in self.records if record.offset <= to]
        self._wake()

    async def settle(self, organization: str, subjects: Collection[str], decide: Decide) -> tuple[Record, ...]:
        self._require()
        settled = decide({subject: self.known[subject] for subject in subjects if subject in self.known})
        self.known |= settled.known
        before = self.last
        self.happens(*settled.records)
        return tuple(record for record in self.records if record.offset > before)

    async def after(self, organization: str, offset: int, limit: int) -> Page:
        self._require()
        self.asked += 1
        await asyncio.sleep(0)
        return self._page(tuple(record for record in self.records if record.offset > offset)[:limit])

    async def before(self, organization: str, offset: int, limit: int) -> Page:
        self._require()
        self.asked += 1
        await asyncio.sleep(0)
        return self._page(tuple(record for record in reversed(self.records) if record.offset < offset)[:limit])

    async def wait(self, organization: str, offset: int, timeout_s: float) -> None:
        self._require()
        if self.last == offset:
            changed = asyncio.Event()
            self._waiting.append(changed)
            await changed.wait()

    async def aclose(self) -> None:
        pass

    def _page(self, found: tuple[Record, ...]) -> Page:
        oldest = self.records[0].offset if self.records else (self.last + 1 if self.last else 0)
        return Page(self.epoch, oldest, self.last, found, self.begins)

    def _require(self) -> None:
        if self.is_down:
            raise FeedUnavailable("down")

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.set()
