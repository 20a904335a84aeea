"""The reference of all metrics, as rows of a Markdown table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.observe.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.observe.instruments import Metric

_MERGED = {"sum": "the sum of all workers", "max": "the most of any worker", "latest": "the latest of any worker"}


def rows() -> list[str]:
    """Give a row for every name that a scrape shows."""
    return [row for metric in METRICS.values() for row in _rows(metric)]


def _rows(metric: Metric) -> Iterator[str]:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    merged = f" Shown is {_MERGED[metric.merge]}." if metric.kind == "gauge" else ""
    yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.about}{merged} |"
    if metric.total is not None:
        yield f"| `{metric.total}` | counter | {labels} | How often; the count of `{metric.name}`. |"
