"""Promises that do not hold at the moment, and why: `suspend` when a guarantee is lost, `restore` when it is back.

Whoever gives a promise up calls it from its own worker; everybody's are shown, for as long as their worker lives.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.observe.board import Board, BoardFull

if TYPE_CHECKING:
    from collections.abc import Callable

_FAMILY = "promise"


@dataclass(frozen=True, slots=True)
class Suspended:
    """A promise that does not hold since an epoch second."""

    promise: str
    why: str
    since: float


class Promises:
    """What is suspended. `promise` and `why` are fixed texts for people, never anybody's data."""

    def __init__(self, board: Board, now: Callable[[], float] = time.time) -> None:
        self._board = board
        self._now = now

    def suspend(self, promise: str, why: str) -> None:
        """Say that a promise does not hold from now on; said again, the first moment counts."""
        with suppress(BoardFull):
            place = self._board.allocate((_FAMILY, promise, why), 1)
            self._board.numbers[place] = self._board.numbers[place] or self._now()

    def restore(self, promise: str) -> None:
        """Say that a promise holds again, whatever had suspended it."""
        own = self._board.sheets()[0]
        for key in own.keys(_FAMILY):
            if key[1] == promise:
                self._board.numbers[self._board.allocate(key, 1)] = 0.0

    def suspended(self) -> list[Suspended]:
        """Give what does not hold in some worker, longest first."""
        since: dict[tuple[str, str], float] = {}
        for sheet in self._board.sheets():
            if sheet.is_live:
                for key in sheet.keys(_FAMILY):
                    moment = (sheet.block(key) or [0.0])[0]
                    if moment:
                        since[key[1], key[2]] = min(moment, since.get((key[1], key[2]), moment))
        return sorted((Suspended(*key, moment) for key, moment in since.items()), key=lambda each: each.since)


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that was seen `count` times, first and last at epoch seconds."""

    key: tuple[str, ...]
    count: int
    last_seen: float
    first_seen: float


class Notices:
    """Things worth a list, counted by fixed texts: replies that drifted, operations that Sentry calls deprecated."""

    MOST = 500

    def __init__(
        self, board: Board, family: str, now: Callable[[], float] = time.time, most: int | None = None
    ) -> None:
        self._board = board
        self._family = family
        self._now = now
        self._most = self.MOST if most is None else most
        self._places: dict[tuple[str, ...], int] = {}

    def note(self, *key: str) -> None:
        """Count one; beyond the most there may be, new ones are let go."""
        if key not in self._places:
            if len(self._places) >= self._most:
                return
            try:
                self._places[key] = self._board.allocate((self._family, *key), 3)
            except BoardFull:
                return
            self._board.numbers[self._places[key] + 2] = self._now()
        place = self._places[key]
        self._board.numbers[place] += 1
        self._board.numbers[place + 1] = self._now()

    def listed(self) -> list[Noticed]:
        """Give what all workers saw, the latest first."""
        totals: dict[tuple[str, ...], Noticed] = {}
        for sheet in self._board.sheets():
            for key in sheet.keys(self._family):
                count, last, first = sheet.block(key) or (0.0, 0.0, 0.0)
                if count:
                    seen = Noticed(key[1:], int(count), last, first)
                    totals[key[1:]] = seen if key[1:] not in totals else _both(totals[key[1:]], seen)
        found = totals.values()
        return sorted(found, key=lambda each: each.last_seen, reverse=True)


def _both(one: Noticed, other: Noticed) -> Noticed:
    return Noticed(
        one.key,
        one.count + other.count,
        max(one.last_seen, other.last_seen),
        min(one.first_seen, other.first_seen),
    )
