"""The log for those who look back: pages of it, the newest first, or in order from a place or a moment on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from dexter.realtime.hub import Frame, Position, frame, place_beyond, why_missing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dexter.stores.feed_log import FeedLog, Page, Record

    Wants = Callable[[Frame], bool]

LOOKED_AT = 5000
"""So many records are looked at for one page: what fits a rare filter comes in short pages rather than late."""
_READ = 500
_BEYOND_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of events, with where the log stands. `next` is where the following one begins, None at the end.

    `missing` says why something is missing between the place that was asked for and what is given; see `Gap.why`.
    """

    epoch: str
    oldest: int
    newest: int
    frames: tuple[Frame, ...] = ()
    next: Position | None = None
    missing: str | None = None


class History:
    """What the log of one organization holds."""

    def __init__(self, log: FeedLog, organization: str) -> None:
        self._log = log
        self.organization = organization

    async def back(self, before: Position | None, limit: int, wants: Wants) -> Chapter:
        """Give what happened before a place, or of late, the newest first. Raises FeedUnavailable."""
        read = partial(self._log.before, self.organization, limit=_READ)
        page = await read(_BEYOND_ALL if before is None else before.offset)
        if before is not None and before.epoch != page.epoch:
            # Before the present log there was another one, of which nothing is left.
            return Chapter(page.epoch, page.oldest, page.last, missing="epoch")
        found, reached = await _gathered(read, page, limit, wants)
        following = None if reached is None or reached <= page.oldest else Position(page.epoch, reached)
        return Chapter(page.epoch, page.oldest, page.last, found, following)

    async def onward(self, since: Position, limit: int, wants: Wants) -> Chapter:
        """Give what happened after a place, in order. Raises FeedUnavailable."""
        read = partial(self._log.after, self.organization, limit=_READ)
        page = await read(since.offset)
        missing = why_missing(page, since)
        if missing is not None:
            page = await read(place_beyond(page, missing).offset)
        found, reached = await _gathered(read, page, limit, wants)
        following = None if reached is None or reached >= page.last else Position(page.epoch, reached)
        return Chapter(page.epoch, page.oldest, page.last, found, following, missing)

    async def at(self, moment: float) -> Position:
        """Give the place before what happened at an epoch second, or after. Raises FeedUnavailable.

        Events are in the order in which Dexter heard of them, which is nearly the one in which they happened.
        """
        page = await self._log.after(self.organization, 0, 0)
        low, high = max(page.oldest, 1), page.last + 1
        while low < high:
            middle = (low + high) // 2
            found = (await self._log.after(self.organization, middle - 1, 1)).records
            if found and _happened_before(found[0], page.epoch, moment):
                low = middle + 1
            else:
                high = middle
        return Position(page.epoch, low - 1)


async def _gathered(
    read: Callable[[int], Awaitable[Page]], page: Page, limit: int, wants: Wants
) -> tuple[tuple[Frame, ...], int | None]:
    """Give what is wanted of a page and of those behind it, and the last offset that was looked at."""
    found: list[Frame] = []
    epoch, reached, looked_at = page.epoch, None, 0
    while page.records and page.epoch == epoch and looked_at < LOOKED_AT:
        for record in page.records:
            reached = record.offset
            each = frame(epoch, record)
            if each is not None and wants(each):
                found.append(each)
                if len(found) == limit:
                    return tuple(found), reached
        looked_at += len(page.records)
        page = await read(page.records[-1].offset)
    return tuple(found), reached


def _happened_before(record: Record, epoch: str, moment: float) -> bool:
    read = frame(epoch, record)
    if read is None:
        return False
    try:
        return datetime.fromisoformat(read.event.at).timestamp() < moment
    except ValueError:
        return False
