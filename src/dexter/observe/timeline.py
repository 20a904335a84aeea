"""What happened in the last hour, ten seconds to a slot, on a board: a ring that costs a few additions per request."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from dexter.policy.latency import BUCKETS

if TYPE_CHECKING:
    from dexter.observe.board import Board, Sheet

STEP_S = 10
SLOTS = 360
KEY = ("timeline",)


class Field(IntEnum):
    """What a slot counts, by its place; the buckets of request durations follow."""

    STAMP = 0
    REQUESTS = 1
    ERRORS = 2
    CLIENT_ERRORS = 3
    QUICK = 4
    HIT = 5
    STALE = 6
    FALLBACK = 7
    MISS = 8
    COLLAPSED = 9
    BYPASS = 10
    CALLS = 11
    ATTEMPTS = 12
    ATTEMPT_FAILURES = 13
    FLIGHTS = 14
    JOINED = 15
    WAITED = 16
    REFUSED = 17


LATENCIES = len(Field)
WIDTH = LATENCIES + BUCKETS

Slot = list[float]


class Ring:
    """A ring of slots in a board's numbers, cleared as the time comes round to them."""

    def __init__(self, board: Board, key: tuple[str, ...], *, step_s: int, slots: int, width: int) -> None:
        self._board = board
        self._step_s = step_s
        self._slots = slots
        self._width = width
        self._start = board.allocate(key, slots * width)
        self._stamp = -1
        self._place = self._start

    def place(self, now: float) -> int:
        """Give where the slot of an epoch second begins in the board's numbers."""
        stamp = int(now) // self._step_s
        if stamp != self._stamp:
            self._stamp = stamp
            self._place = self._start + stamp % self._slots * self._width
            numbers = self._board.numbers
            if numbers[self._place] != stamp:
                # The stamp is written last, so that no reader takes the old slot's counts for the new one's.
                for place in range(self._place, self._place + self._width):
                    numbers[place] = 0.0
                numbers[self._place] = float(stamp)
        return self._place


class Timeline:
    """This worker's writing hand."""

    def __init__(self, board: Board) -> None:
        self._ring = Ring(board, KEY, step_s=STEP_S, slots=SLOTS, width=WIDTH)
        self._board = board

    def count(self, now: float, *fields: int, times: int = 1) -> None:
        """Add one to each of the fields, or as many as there were times."""
        place, numbers = self._ring.place(now), self._board.numbers
        for each in fields:
            numbers[place + each] += times

    def add(self, now: float, place_in_slot: int, amount: float) -> None:
        """Add to one field."""
        self._board.numbers[self._ring.place(now) + place_in_slot] += amount


@dataclass(slots=True)
class Past:
    """Reads the timeline of all workers. Slots that are over are kept, as no worker writes them any more."""

    board: Board
    _over: dict[int, Slot] = field(default_factory=dict)

    def slots(self, now: float, seconds: float) -> list[Slot]:
        """Give the slots of the last seconds, oldest first, the one under way included, empty ones left out."""
        last = int(now) // STEP_S
        first = last - int(seconds) // STEP_S + 1
        sheets = self.board.sheets()
        for stamp in [stamp for stamp in self._over if stamp <= last - SLOTS]:
            del self._over[stamp]
        return [slot for stamp in range(first, last + 1) if (slot := self._slot(stamp, last, sheets)) is not None]

    def _slot(self, stamp: int, last: int, sheets: list[Sheet]) -> Slot | None:
        known = self._over.get(stamp)
        if known is not None:
            return known or None
        slot = summed(_present(stamp, sheets))
        # A worker may still be at the slot before the last: its clock is read a moment before it writes.
        if stamp < last - 1:
            self._over[stamp] = slot
        return slot or None


def _present(stamp: int, sheets: list[Sheet]) -> list[Slot]:
    parts = (sheet.part(KEY, stamp % SLOTS * WIDTH, WIDTH) for sheet in sheets)
    return [slot for slot in parts if slot is not None and slot[Field.STAMP] == stamp]


def summed(slots: list[Slot]) -> Slot:
    """Give the sum of slots under the stamp of the first; nothing of none."""
    total = [sum(column, 0.0) for column in zip(*slots, strict=True)]
    if total:
        total[Field.STAMP] = slots[0][Field.STAMP]
    return total
