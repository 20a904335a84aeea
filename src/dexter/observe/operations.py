"""How each operation did in the last hour, five minutes to a slot, on a board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.observe.board import BoardFull
from dexter.observe.timeline import Ring
from dexter.policy.latency import BUCKETS, bucket_of, percentile_s

if TYPE_CHECKING:
    from dexter.observe.board import Board, Key

STEP_S = 300
SLOTS = 13
_COUNT, _ERRORS, _MAX = 1, 2, 3
_LATENCIES = 4
WIDTH = _LATENCIES + BUCKETS


@dataclass(frozen=True, slots=True)
class Performance:
    """One operation's last hour."""

    key: Key
    count: int
    errors: int
    p50_s: float
    p95_s: float
    max_s: float


class Operations:
    """Counts by operation; `family` tells the gateway's own answers from Sentry's."""

    def __init__(self, board: Board, family: str) -> None:
        self._board = board
        self._family = family
        self._rings: dict[Key, Ring] = {}

    def count(self, now: float, duration_s: float, *, failed: bool, key: Key, times: int = 1) -> None:
        """Note one answer, or several alike."""
        ring = self._rings.get(key) or self._ring(key)
        if ring is None:
            return
        place, numbers = ring.place(now), self._board.numbers
        numbers[place + _COUNT] += times
        if failed:
            numbers[place + _ERRORS] += times
        if duration_s > numbers[place + _MAX]:
            numbers[place + _MAX] = duration_s
        numbers[place + _LATENCIES + bucket_of(duration_s)] += times

    def _ring(self, key: Key) -> Ring | None:
        try:
            ring = Ring(self._board, (self._family, *key), step_s=STEP_S, slots=SLOTS, width=WIDTH)
        except BoardFull:
            return None
        self._rings[key] = ring
        return ring

    def slowest(self, now: float, most: int) -> list[Performance]:
        """Give the operations of all workers that were slow in the last hour, slowest first."""
        slots: dict[Key, list[list[float]]] = {}
        oldest = int(now) // STEP_S - SLOTS + 1
        for sheet in self._board.sheets():
            for key in sheet.keys(self._family):
                block = sheet.block(key) or []
                recent = [place for place in range(0, len(block), WIDTH) if block[place] >= oldest]
                slots.setdefault(key[1:], []).extend(block[place : place + WIDTH] for place in recent)
        done = [_performance(key, found) for key, found in slots.items() if found]
        return sorted(done, key=lambda each: each.p95_s, reverse=True)[:most]


def _performance(key: Key, slots: list[list[float]]) -> Performance:
    total = [sum(column, 0.0) for column in zip(*slots, strict=True)]
    latencies, longest = total[_LATENCIES:], max(slot[_MAX] for slot in slots)
    p50, p95 = (min(percentile_s(latencies, share) or 0.0, longest) for share in (0.5, 0.95))
    return Performance(key, int(total[_COUNT]), int(total[_ERRORS]), p50, p95, longest)
