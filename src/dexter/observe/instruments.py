"""Counters, gauges and histograms on a board, by labels; a label's values are bounded, the rest is `*`."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dexter.observe.board import Board, BoardFull

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Where a histogram's buckets end; 0.2 is the latency objective's."""

Kind = Literal["counter", "gauge", "histogram"]
Merge = Literal["sum", "max", "latest"]
FAMILY = "metric"
MOST_SERIES = 20_000
"""Label sets that one metric may have; whatever comes then is counted under `*`."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it is documented. `merge` says what becomes of a gauge's values of several workers."""

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    merge: Merge = "sum"
    total: str | None = None
    """The name of a counter that repeats a histogram's count, for whoever looks for it under that name."""

    @property
    def size(self) -> int:
        """Numbers that one label set takes."""
        return {"counter": 1, "gauge": 2, "histogram": len(SECONDS) + 2}[self.kind]


class Instrument:
    """One metric's numbers of this worker."""

    def __init__(self, board: Board, metric: Metric) -> None:
        self._board = board
        self._metric = metric
        self._places: dict[tuple[str, ...], int] = {}
        self._rest = board.allocate((FAMILY, metric.name, *("*" for _ in metric.labels)), metric.size)

    def add(self, amount: float, *labels: str) -> None:
        """Add to a counter."""
        self._board.numbers[self._place(labels)] += amount

    def put(self, value: float, now: float, *labels: str) -> None:
        """Set a gauge, at an epoch second."""
        place = self._place(labels)
        self._board.numbers[place] = value
        self._board.numbers[place + 1] = now

    def observe(self, seconds: float, *labels: str, times: int = 1) -> None:
        """Put a duration into a histogram, once or several times."""
        place, numbers = self._place(labels), self._board.numbers
        numbers[place + bisect_left(SECONDS, seconds)] += times
        numbers[place + len(SECONDS) + 1] += seconds * times

    def _place(self, labels: tuple[str, ...]) -> int:
        place = self._places.get(labels)
        return self._new(labels) if place is None else place

    def _new(self, labels: tuple[str, ...]) -> int:
        if len(self._places) >= MOST_SERIES:
            return self._rest
        try:
            place = self._board.allocate((FAMILY, self._metric.name, *labels), self._metric.size)
        except BoardFull:
            return self._rest
        self._places[labels] = place
        return place


Series = dict[tuple[str, ...], list[float]]


def merged(board: Board, metrics: Mapping[str, Metric]) -> dict[str, Series]:
    """Give the numbers of all workers, by metric and label values; a gauge's of live workers only."""
    found: dict[str, Series] = {name: {} for name in metrics}
    for sheet in board.sheets():
        for key in sheet.keys(FAMILY):
            metric, labels = metrics.get(key[1]), key[2:]
            block = sheet.block(key)
            if metric is None or block is None or not any(block) or (metric.kind == "gauge" and not sheet.is_live):
                continue
            series = found[metric.name]
            series[labels] = _joined(metric, series[labels], block) if labels in series else block
    return found


def _joined(metric: Metric, one: list[float], other: list[float]) -> list[float]:
    if metric.kind != "gauge" or metric.merge == "sum":
        return [a + b for a, b in zip(one, other, strict=True)]
    place = 0 if metric.merge == "max" else 1
    return max(one, other, key=lambda block: block[place])
