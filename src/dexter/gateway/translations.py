"""The few entries of the catalog whose query or body is Dexter's own, and what they are in Sentry's.

Every other entry passes its names on as the catalog says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.catalog.query import to_sentry
from dexter.features.issue_stats import series
from dexter.gateway.issue_query import STATS_PERIODS, check_sort, is_short_id, sentry_query

if TYPE_CHECKING:
    from dexter.catalog.mappings import Mapping_

Values = Mapping[str, tuple[str, ...]]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of Sentry; `query` is its search text where the entry is a search."""

    pairs: Pairs
    query: str | None = None


def question(entry: Mapping_, values: Values, now: float) -> Question:
    """Give Sentry's query for checked values of Dexter's."""
    passed_on = tuple(pair for pair in to_sentry(entry.query, values) if pair != ("cursor", ""))
    translate = _TRANSLATIONS.get(entry.name)
    return Question(passed_on) if translate is None else translate(passed_on, values, now)


def _issue_list(passed_on: Pairs, values: Values, _now: float) -> Question:
    text = " ".join(values.get("query", ())).strip()
    if is_short_id(text):
        # Sentry looks a short id up only when it stands alone, and finds the issue whatever its status.
        return Question((*passed_on, ("query", text), ("shortIdLookup", "1"), ("groupStatsPeriod", "14d")), text)
    (status,) = values.get("status", (None,))
    query = sentry_query(text, status, values.get("level", ()))
    check_sort(values["sort"][0], query)
    (period,) = values.get("period", ("",))
    own = (("query", query), ("groupStatsPeriod", STATS_PERIODS.get(period, "14d")))
    return Question((*passed_on, *own), query)


def _issue_stats(passed_on: Pairs, values: Values, now: float) -> Question:
    return Question((*passed_on, *series(values["period"][0], now).query()))


_TRANSLATIONS: Mapping[str, Callable[[Pairs, Values, float], Question]] = {
    "issues.list": _issue_list,
    "issues.stats": _issue_stats,
}

DEPENDS_ON_TIME = frozenset({"issues.stats"})
"""Entries whose question to Sentry is another one a moment later."""

WITH_META = frozenset({"issues.stats"})
"""Entries whose value is wrapped as `{data, meta}`, so that a bare series can say how old it is."""
