"""The numbers of a board in Prometheus's text format, those of all workers together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from dexter.observe.instruments import SECONDS, Metric, Series, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client.core import Metric as Family

    from dexter.observe.board import Board

CONTENT_TYPE = CONTENT_TYPE_LATEST

_ENDS = (*map(floatToGoString, SECONDS), "+Inf")
_OF_THE_WHOLE = frozenset({"process_start_time_seconds", "process_max_fds"})
"""What a process says of itself that does not add up: the least of all workers' is shown."""


def exposition(board: Board, metrics: Mapping[str, Metric]) -> bytes:
    """Give everything in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Numbers(board, metrics))
    registry.register(_Processes(board))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, board: Board, metrics: Mapping[str, Metric]) -> None:
        self._board = board
        self._metrics = metrics

    def collect(self) -> Iterable[Family]:
        for name, series in merged(self._board, self._metrics).items():
            yield from _families(self._metrics[name], series)


def _families(metric: Metric, series: Series) -> Iterable[Family]:
    about, labels = metric.about, metric.labels
    match metric.kind:
        case "counter":
            counter = CounterMetricFamily(metric.name.removesuffix("_total"), about, labels=labels)
            for values, (count,) in series.items():
                counter.add_metric(values, count)
            yield counter
        case "gauge":
            gauge = GaugeMetricFamily(metric.name, about, labels=labels)
            for values, (value, _) in series.items():
                gauge.add_metric(values, value)
            yield gauge
        case "histogram":
            yield from _histogram(metric, series)


def _histogram(metric: Metric, series: Series) -> Iterable[Family]:
    histogram = HistogramMetricFamily(metric.name, metric.about, labels=metric.labels)
    for values, (*counts, seconds) in series.items():
        histogram.add_metric(values, _cumulative(counts), seconds)
    yield histogram
    if metric.total is not None:
        total = CounterMetricFamily(metric.total.removesuffix("_total"), metric.about, labels=metric.labels)
        for values, (*counts, _) in series.items():
            total.add_metric(values, sum(counts))
        yield total


def _cumulative(counts: list[float]) -> list[tuple[str, float]]:
    passed, buckets = 0.0, []
    for end, count in zip(_ENDS, counts, strict=True):
        passed += count
        buckets.append((end, passed))
    return buckets


class _Processes(Collector):
    """What the kernel says of the workers that live, added up."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterable[Family]:
        families: dict[str, Family] = {}
        for pid in {sheet.pid for sheet in self._board.sheets() if sheet.is_live}:
            for family in _process(pid):
                _add(families, family)
        return families.values()


def _process(pid: int) -> Iterable[Family]:
    return ProcessCollector(pid=lambda: pid, registry=None).collect()


def _add(families: dict[str, Family], family: Family) -> None:
    known = families.setdefault(family.name, family)
    if known is family:
        return
    joined = min if family.name in _OF_THE_WHOLE else lambda a, b: a + b
    known.samples = [
        one._replace(value=joined(one.value, other.value))  # type: ignore[no-untyped-call]
        for one, other in zip(known.samples, family.samples, strict=False)
    ]
