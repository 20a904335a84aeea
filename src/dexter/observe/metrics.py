"""Records as Prometheus metrics. Labels are methods, templates and statuses: no path, no identity, no token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector

from dexter.observe.records import (
    AnswerServed,
    AttemptFinished,
    CallFinished,
    EntryStored,
    FlightLanded,
    IdentityDropped,
    Record,
    RefreshFailed,
    StoreRefused,
    TagsPurged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT_TYPE = CONTENT_TYPE_LATEST

# When a series began is of no use here, and would double the length of every scrape.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """An observer that counts and times, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        request = ("method", "endpoint", "status")
        self._requests = self._counter("api_request", "Requests answered.", *request)
        self._request_s = self._histogram("api_request_duration_seconds", "Time to answer a request.", *request)
        self._calls = self._counter(
            "dexter_calls", "Calls by origin of answer.", "endpoint", "outcome", "identity_kind"
        )
        self._attempts = self._counter("dexter_sentry_requests", "Requests to Sentry.", *request)
        self._attempt_s = self._histogram("dexter_sentry_request_duration_seconds", "Time Sentry took.", *request)
        self._failures = self._counter("dexter_sentry_failures", "Requests Sentry did not answer.", "endpoint", "error")
        self._flights = self._counter("dexter_flights", "Flights that ended.", "endpoint")
        self._joined = self._counter("dexter_flight_joins", "Callers that shared another's flight.", "endpoint")
        self._stored = self._counter("dexter_cache_stored", "Answers kept.", "endpoint", "fallback_only")
        self._refused = self._counter("dexter_cache_refused", "Answers not kept: overtaken or too large.", "endpoint")
        self._purged = self._counter("dexter_cache_purged", "Entries that writes made go.", "endpoint")
        self._dropped = self._counter("dexter_identities_dropped", "Credentials Sentry doubted.", "kind", "status")
        self._refresh_failures = self._counter("dexter_refresh_failures", "Failed refreshes.", "endpoint", "error")

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self._registry)

    def _histogram(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(name, about, labels, registry=self._registry, buckets=_SECONDS)

    def watch_bytes(self, used_bytes: Callable[[], float]) -> None:
        """Show what the store takes, asked for at every scrape."""
        gauge = Gauge("dexter_cache_bytes", "What all stored answers take.", registry=self._registry)
        gauge.set_function(used_bytes)

    def exposition(self) -> bytes:
        """Give everything in Prometheus's text format."""
        return generate_latest(self._registry)

    def __call__(self, record: Record) -> None:
        """Count one record."""
        match record:
            case AnswerServed(method=method, endpoint=endpoint, status=status):
                self._requests.labels(method, endpoint, status).inc()
                self._request_s.labels(method, endpoint, status).observe(record.duration_s)
            case CallFinished(endpoint=endpoint, identity_kind=kind):
                outcome = record.outcome.value if record.outcome else "error"
                self._calls.labels(endpoint, outcome, kind).inc()
            case AttemptFinished():
                self._attempt(record)
            case FlightLanded(endpoint=endpoint, joined=joined):
                self._flights.labels(endpoint).inc()
                self._joined.labels(endpoint).inc(joined)
            case EntryStored() | StoreRefused() | TagsPurged() | IdentityDropped() | RefreshFailed():
                self._cache(record)

    def _attempt(self, record: AttemptFinished) -> None:
        status = "none" if record.status is None else str(record.status)
        self._attempts.labels(record.method, record.endpoint, status).inc()
        self._attempt_s.labels(record.method, record.endpoint, status).observe(record.duration_s)
        if record.error is not None:
            self._failures.labels(record.endpoint, record.error).inc()

    def _cache(self, record: EntryStored | StoreRefused | TagsPurged | IdentityDropped | RefreshFailed) -> None:
        match record:
            case EntryStored(endpoint=endpoint, fallback_only=fallback_only):
                self._stored.labels(endpoint, str(fallback_only).lower()).inc()
            case StoreRefused(endpoint=endpoint):
                self._refused.labels(endpoint).inc()
            case TagsPurged(endpoint=endpoint, entries=entries):
                self._purged.labels(endpoint).inc(entries)
            case IdentityDropped(identity_kind=kind, status=status):
                self._dropped.labels(kind, status).inc()
            case RefreshFailed(endpoint=endpoint, error=error):
                self._refresh_failures.labels(endpoint, error).inc()
