"""Records as Prometheus metrics. Labels are methods, templates and statuses: no path, no identity, no token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from dexter.observe.board import Board
from dexter.observe.exposition import CONTENT_TYPE, exposition
from dexter.observe.instruments import Instrument, Metric
from dexter.observe.records import (
    AnswerServed,
    AttemptFinished,
    BreakerChanged,
    CallFinished,
    CallTranslated,
    CallWaited,
    CapabilitiesProbed,
    DeprecationSeen,
    EntryStored,
    EventForwarded,
    EventRecorded,
    EventsTold,
    FlightLanded,
    GapTold,
    IdentityDropped,
    LinkMended,
    ListenerLeft,
    ListenerRefused,
    QuotaTold,
    Record,
    RefreshFailed,
    RefusedByQuota,
    ReplyChecked,
    RetryScheduled,
    StoreRefused,
    TagsPurged,
    WebhookCame,
)
from dexter.observe.templates import Templates
from dexter.policy.call_class import CallClass

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONTENT_TYPE", "METRICS", "STATES", "Metrics"]

STATES: tuple[Literal["closed", "half_open", "open"], ...] = ("closed", "half_open", "open")
"""States of a breaker, by the number that the gauge shows."""

METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "api_request_duration_seconds",
            "histogram",
            "Time to answer a request, from the cache or not. The endpoint is a template, `*` for unknown addresses.",
            ("method", "endpoint", "status"),
            total="api_request_total",
        ),
        Metric(
            "dexter_calls_total",
            "counter",
            "Calls that the gateway's faces made, by where their answer came from.",
            ("operation", "outcome", "identity_kind"),
        ),
        Metric(
            "dexter_sentry_request_duration_seconds",
            "histogram",
            "Time that Sentry took for one request; the status is `none` when it did not answer.",
            ("operation", "status"),
            total="dexter_sentry_requests_total",
        ),
        Metric(
            "dexter_sentry_failures_total",
            "counter",
            "Requests that Sentry did not answer, by the kind of failure.",
            ("operation", "error"),
        ),
        Metric("dexter_flights_total", "counter", "Shared flights that ended.", ("operation",)),
        Metric("dexter_flight_joins_total", "counter", "Callers that shared another's flight.", ("operation",)),
        Metric("dexter_cache_stored_total", "counter", "Answers kept.", ("operation", "fallback_only")),
        Metric(
            "dexter_cache_refused_total",
            "counter",
            "Answers not kept: overtaken by a write, or too large.",
            ("operation",),
        ),
        Metric("dexter_cache_purged_total", "counter", "Stored answers that writes made go.", ("operation",)),
        Metric("dexter_cache_bytes", "gauge", "What all stored answers take in memory."),
        Metric("dexter_promise_suspended", "gauge", "Workers that cannot know of writes elsewhere: nothing is fresh."),
        Metric("dexter_identities_dropped_total", "counter", "Credentials that Sentry doubted.", ("kind", "status")),
        Metric(
            "dexter_refresh_failures_total",
            "counter",
            "Refreshes behind the callers' backs that failed.",
            ("operation", "error"),
        ),
        Metric(
            "dexter_webhooks_total",
            "counter",
            "Webhooks that came, by what became of them: taken, again, unwritten, or why they were refused.",
            ("resource", "became"),
        ),
        Metric("dexter_feed_events_total", "counter", "Events of the feed.", ("type", "source")),
        Metric(
            "dexter_outgoing_deliveries_total",
            "counter",
            "Attempts to forward an event: delivered, again, or dead.",
            ("outcome",),
        ),
        Metric(
            "dexter_outgoing_lag_seconds",
            "gauge",
            "How long the oldest event has waited that is to be forwarded.",
            merge="max",
        ),
        Metric("dexter_feed_listeners", "gauge", "Open sockets and streams.", ("way",)),
        Metric("dexter_feed_waiting_messages", "gauge", "Messages that wait for those who read slowly.", ("way",)),
        Metric("dexter_feed_messages_total", "counter", "Messages sent on sockets and streams.", ("way",)),
        Metric("dexter_feed_gaps_total", "counter", "Gaps that listeners were told of.", ("why",)),
        Metric(
            "dexter_feed_listeners_ended_total",
            "counter",
            "Sockets and streams that ended: `left` by their client, or for what was said to it, such as `slow`.",
            ("way", "reason"),
        ),
        Metric(
            "dexter_feed_listeners_refused_total",
            "counter",
            "Sockets and streams that were one too many: of `all`, or of `each` caller's own.",
            ("why",),
        ),
        Metric("dexter_retries_total", "counter", "Attempts made anew after a failure.", ("operation", "reason")),
        Metric(
            "dexter_breaker_state",
            "gauge",
            "State of the circuit breaker of a class of calls, one for all workers: 0 closed, 1 half open, 2 open.",
            ("call_class",),
            merge="latest",
        ),
        Metric("dexter_breaker_changes_total", "counter", "Times a breaker changed.", ("call_class", "state")),
        Metric(
            "dexter_quota_remaining",
            "gauge",
            "Calls that Sentry still takes in its present window, as it last said.",
            ("identity_kind", "method", "limit"),
            merge="latest",
        ),
        Metric(
            "dexter_quota_limit",
            "gauge",
            "Calls that Sentry takes in a window.",
            ("identity_kind", "method", "limit"),
            merge="latest",
        ),
        Metric(
            "dexter_quota_concurrent_limit",
            "gauge",
            "Calls that Sentry takes at once.",
            ("identity_kind", "method", "limit"),
            merge="latest",
        ),
        Metric(
            "dexter_quota_reset_timestamp_seconds",
            "gauge",
            "When Sentry's present window ends.",
            ("identity_kind", "method", "limit"),
            merge="latest",
        ),
        Metric(
            "dexter_queue_wait_seconds",
            "histogram",
            "Time that calls waited for quota or a place before they were sent.",
            ("priority",),
        ),
        Metric(
            "dexter_quota_refusals_total",
            "counter",
            "Answers of 429 that Dexter had not seen coming, by their kind.",
            ("operation", "reason"),
        ),
        Metric(
            "dexter_deprecated_answers_total",
            "counter",
            "Answers that said that their address is on its way out; `brownout` when it was switched off.",
            ("operation", "brownout"),
        ),
        Metric(
            "dexter_translated_calls_total",
            "counter",
            "Calls that went where this Sentry has what was asked for, by the kind of address that it lacks.",
            ("operation", "address", "status"),
        ),
        Metric("dexter_capability_probes_total", "counter", "Times Sentry was asked what it can do.", ("kind",)),
        Metric("dexter_mended_links_total", "counter", "Malformed Link headers that were set right.", ("operation",)),
        Metric("dexter_replies_checked_total", "counter", "Replies held against the catalog.", ("operation",)),
        Metric(
            "dexter_reply_drift_total",
            "counter",
            "Fields of checked replies that were not as the catalog says.",
            ("operation", "field", "fault"),
        ),
        Metric("dexter_workers", "gauge", "Processes of this gateway that live."),
    )
}
"""Every metric by its name; the reference page and the dashboard are tested against it."""


class Metrics:
    """An observer that counts and times."""

    def __init__(
        self,
        board: Board | None = None,
        now: Callable[[], float] = time.time,
        templates: Templates | None = None,
    ) -> None:
        self._board = board or Board()
        self._now = now
        self._templates = Templates() if templates is None else templates
        self._instruments = {name: Instrument(self._board, metric) for name, metric in METRICS.items()}
        self._gauges: list[tuple[str, tuple[str, ...], Callable[[], float]]] = [("dexter_workers", (), lambda: 1.0)]
        self._requests = self._instruments["api_request_duration_seconds"]
        self._calls = self._instruments["dexter_calls_total"]
        self._attempts = self._instruments["dexter_sentry_request_duration_seconds"]
        for call_class in CallClass:
            # A breaker that never changed is closed, and a dashboard must show it.
            self._put("dexter_breaker_state", STATES.index("closed"), call_class.value)

    def watch_bytes(self, used_bytes: Callable[[], float]) -> None:
        """Show what the store takes, asked for at every scrape."""
        self._gauges.append(("dexter_cache_bytes", (), used_bytes))

    def watch_suspended(self, suspended: Callable[[], bool]) -> None:
        """Show whether other hosts' writes cannot be known, asked for at every scrape."""
        self._gauges.append(("dexter_promise_suspended", (), lambda: float(suspended())))

    def watch_breaker(self, call_class: str, state: Callable[[], str]) -> None:
        """Show how a breaker stands that others may have changed, asked for at every scrape."""
        self._gauges.append(("dexter_breaker_state", (call_class,), lambda: STATES.index(state())))

    def watch_listeners(self, way: str, listening: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Show how many listen one way, and how many messages wait for them, asked for at every scrape."""
        self._gauges.append(("dexter_feed_listeners", (way,), listening))
        self._gauges.append(("dexter_feed_waiting_messages", (way,), waiting))

    def watch_forwarding(self, lag_s: Callable[[], float]) -> None:
        """Show how far what is forwarded is behind, asked for at every scrape."""
        self._gauges.append(("dexter_outgoing_lag_seconds", (), lag_s))

    def publish(self) -> None:
        """Write what is asked for instead of counted, so that other workers can show it too."""
        for name, labels, ask in self._gauges:
            self._put(name, ask(), *labels)

    def exposition(self) -> bytes:
        """Give the numbers of all workers in Prometheus's text format."""
        self.publish()
        return exposition(self._board, METRICS)

    def __call__(self, record: Record) -> None:
        """Count one record."""
        match record:
            case AnswerServed(method=method, endpoint=endpoint, status=status):
                template = self._templates[endpoint]
                self._requests.observe(record.duration_s, method, template, str(status), times=record.count)
            case CallFinished(endpoint=operation, identity_kind=kind):
                self._calls.add(record.count, operation, record.outcome.value if record.outcome else "error", kind)
            case AttemptFinished():
                self._attempt(record)
            case FlightLanded(endpoint=operation, joined=joined):
                self._add("dexter_flights_total", 1, operation)
                self._add("dexter_flight_joins_total", joined, operation)
            case RetryScheduled() | BreakerChanged() | QuotaTold() | CallWaited() | RefusedByQuota():
                self._resilience(record)
            case DeprecationSeen() | CallTranslated() | CapabilitiesProbed() | LinkMended() | ReplyChecked():
                self._evolution(record)
            case (
                WebhookCame()
                | EventRecorded()
                | EventForwarded()
                | EventsTold()
                | GapTold()
                | ListenerLeft()
                | ListenerRefused()
            ):
                self._feed(record)
            case _:
                self._cache(record)

    def _feed(self, record: Record) -> None:
        match record:
            case WebhookCame(resource=resource, became=became):
                self._add("dexter_webhooks_total", 1, resource, became)
            case EventRecorded(type=type_, source=source):
                self._add("dexter_feed_events_total", 1, type_, source)
            case EventForwarded(outcome=outcome):
                self._add("dexter_outgoing_deliveries_total", 1, outcome)
            case EventsTold(way=way, messages=messages):
                self._add("dexter_feed_messages_total", messages, way)
            case GapTold(why=why):
                self._add("dexter_feed_gaps_total", 1, why)
            case ListenerLeft(way=way, reason=reason):
                self._add("dexter_feed_listeners_ended_total", 1, way, reason)
            case ListenerRefused(why=why):
                self._add("dexter_feed_listeners_refused_total", 1, why)
            case _:
                pass

    def _evolution(self, record: Record) -> None:
        match record:
            case DeprecationSeen(endpoint=operation, brownout=brownout):
                self._add("dexter_deprecated_answers_total", 1, operation, str(brownout).lower())
            case CallTranslated(endpoint=operation, address=address, status=status):
                self._add("dexter_translated_calls_total", 1, operation, address, str(status))
            case CapabilitiesProbed(kind=kind):
                self._add("dexter_capability_probes_total", 1, kind)
            case LinkMended(endpoint=operation):
                self._add("dexter_mended_links_total", 1, operation)
            case ReplyChecked(endpoint=operation, faults=faults):
                self._add("dexter_replies_checked_total", 1, operation)
                for field, fault in faults:
                    self._add("dexter_reply_drift_total", 1, operation, field, fault)
            case _:
                pass

    def _resilience(self, record: Record) -> None:
        match record:
            case RetryScheduled(endpoint=operation, reason=reason):
                self._add("dexter_retries_total", 1, operation, reason)
            case BreakerChanged(call_class=call_class, state=state):
                self._put("dexter_breaker_state", STATES.index(state), call_class)
                self._add("dexter_breaker_changes_total", 1, call_class, state)
            case QuotaTold(identity_kind=kind, method=method, limit=limit):
                bucket = (kind, method, str(limit))
                self._put("dexter_quota_remaining", record.remaining, *bucket)
                self._put("dexter_quota_limit", limit, *bucket)
                if record.resets_at is not None:
                    self._put("dexter_quota_reset_timestamp_seconds", record.resets_at, *bucket)
                if record.concurrent_limit is not None:
                    self._put("dexter_quota_concurrent_limit", record.concurrent_limit, *bucket)
            case CallWaited(priority=priority, waited_s=waited_s):
                self._instruments["dexter_queue_wait_seconds"].observe(waited_s, priority)
            case RefusedByQuota(endpoint=operation, reason=reason):
                self._add("dexter_quota_refusals_total", 1, operation, reason)
            case _:
                pass

    def _attempt(self, record: AttemptFinished) -> None:
        status = "none" if record.status is None else str(record.status)
        self._attempts.observe(record.duration_s, record.endpoint, status)
        if record.error is not None:
            self._add("dexter_sentry_failures_total", 1, record.endpoint, record.error)

    def _cache(self, record: Record) -> None:
        match record:
            case EntryStored(endpoint=operation, fallback_only=fallback_only):
                self._add("dexter_cache_stored_total", 1, operation, str(fallback_only).lower())
            case StoreRefused(endpoint=operation):
                self._add("dexter_cache_refused_total", 1, operation)
            case TagsPurged(endpoint=operation, entries=entries):
                self._add("dexter_cache_purged_total", entries, operation)
            case IdentityDropped(identity_kind=kind, status=status):
                self._add("dexter_identities_dropped_total", 1, kind, str(status))
            case RefreshFailed(endpoint=operation, error=error):
                self._add("dexter_refresh_failures_total", 1, operation, error)
            case _:
                pass

    def _add(self, name: str, amount: float, *labels: str) -> None:
        self._instruments[name].add(amount, *labels)

    def _put(self, name: str, value: float, *labels: str) -> None:
        self._instruments[name].put(value, self._now(), *labels)
