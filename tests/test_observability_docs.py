"""The page about observability and the dashboard tell of the metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.process_collector import ProcessCollector

from dexter.observe.metrics import METRICS
from dexter.observe.reference import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.observe.instruments import Metric

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "observability.md").read_text()
DASHBOARD = json.loads((DOCS / "grafana" / "dexter.json").read_text())
ADDED = {"instance", "job", "le"}
"""Labels that Prometheus or a histogram's buckets bring along."""


def names() -> dict[str, Metric | None]:
    """Give every name that a scrape shows, with its metric; the processes' own have none."""
    found: dict[str, Metric | None] = {
        sample.name: None for family in ProcessCollector(registry=None).collect() for sample in family.samples
    }
    for metric in METRICS.values():
        suffixes = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        found |= {metric.name + suffix: metric for suffix in suffixes}
        if metric.total:
            found[metric.total] = metric
    return found


def panels() -> Iterator[Any]:
    """Give the dashboard's panels that show something."""
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


EXPRESSIONS = [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("`")[1])
def test_every_metric_has_its_row(row: str) -> None:
    """A metric that nobody can look up is noise."""
    assert row in PAGE.splitlines()


def test_the_page_names_no_metric_that_is_gone() -> None:
    """An alert on such a metric never fires."""
    told = set(re.findall(r"^\| `((?:dexter|api)_[a-z0-9_]+)` \|", PAGE, re.MULTILINE))
    assert told == {row.split("`")[1] for row in rows()}


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_the_dashboard_asks_for_metrics_and_labels_that_exist(title: str, expression: str) -> None:
    """An empty panel looks like a quiet gateway."""
    known = names()
    asked = set(re.findall(r"\b(?:api|dexter|process)_[a-z0-9_]+", expression))
    assert asked, title
    assert asked <= known.keys()
    labels = {label for metric in map(known.get, asked) if metric for label in metric.labels} | ADDED
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
    selected = set(re.findall(r'([a-z_]+)=~?"', expression))
    assert grouped | selected <= labels


def test_every_metric_of_dexters_own_is_on_the_dashboard_or_known_to_be_left_out() -> None:
    """A new metric is either shown or left out on purpose."""
    left_out = {
        "dexter_flights_total",
        "dexter_breaker_changes_total",
        "dexter_quota_limit",
        "dexter_quota_concurrent_limit",
        "dexter_quota_reset_timestamp_seconds",
        "dexter_capability_probes_total",
        "dexter_replies_checked_total",
    }
    text = " ".join(expression for _, expression in EXPRESSIONS)
    missing = {
        name for name, metric in METRICS.items() if name not in text and not (metric.total and metric.total in text)
    }
    assert missing == left_out


def test_panels_do_not_lie_on_each_other() -> None:
    """Grafana would push them apart, differently every time."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
