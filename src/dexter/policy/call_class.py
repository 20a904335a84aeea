"""Which part of Sentry a call needs: parts fail, hang and recover apart, and are guarded apart."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.wire import Call

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CallClass(StrEnum):
    """A part of Sentry's work that has its own breaker and its own places."""

    ISSUES = "read-issues"
    EVENTS = "read-events"
    STATS = "read-stats"
    READS = "read-other"
    WRITES = "write"


IN_WORDS: Mapping[CallClass, str] = {
    CallClass.ISSUES: "reading issues",
    CallClass.EVENTS: "reading events",
    CallClass.STATS: "reading counts",
    CallClass.READS: "other reads",
    CallClass.WRITES: "changes",
}
"""What Sentry fails at, as a sentence says it."""

_BY_TAG = (("stats:", CallClass.STATS), ("events:", CallClass.EVENTS), ("issue", CallClass.ISSUES))
"""How tags begin, the more telling first: an issue's counts and events are filed under the issue as well."""


def call_class(call: Call) -> CallClass:
    """Give the class of a call, from its method and what its answer would be filed under."""
    if call.method not in SAFE_METHODS:
        return CallClass.WRITES
    return _of_reads(call.endpoint.cache.tags)


@lru_cache(maxsize=256)  # the tags are the catalog's, few and for ever the same
def _of_reads(tags: tuple[str, ...]) -> CallClass:
    for start, kind in _BY_TAG:
        if any(tag.startswith(start) for tag in tags):
            return kind
    return CallClass.READS
