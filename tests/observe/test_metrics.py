"""What a scrape shows after records."""

from __future__ import annotations

import pytest

from dexter.observe.metrics import Metrics
from dexter.observe.records import (
    AnswerServed,
    AttemptFinished,
    BreakerChanged,
    CallFinished,
    CallWaited,
    EntryStored,
    FlightLanded,
    IdentityDropped,
    QuotaTold,
    Record,
    RefreshFailed,
    RefusedByQuota,
    RetryScheduled,
    StoreRefused,
    TagsPurged,
    tell,
)
from dexter.wire import Outcome

TEMPLATE = "/api/0/organizations/{organization_id_or_slug}/issues/"
LIST = f"GET {TEMPLATE}"


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            AnswerServed("/api/0", LIST, "GET", 200, 0.02, "r", Outcome.HIT),
            f'api_request_total{{endpoint="{TEMPLATE}",method="GET",status="200"}} 1.0',
        ),
        (
            AnswerServed("/api/0", LIST, "GET", 200, 0.02, "r"),
            f'api_request_duration_seconds_bucket{{endpoint="{TEMPLATE}",le="0.025",method="GET",status="200"}} 1.0',
        ),
        (
            CallFinished(LIST, "GET", "service", "r", 0.1, 200, Outcome.STALE),
            f'dexter_calls_total{{identity_kind="service",operation="{LIST}",outcome="stale"}} 1.0',
        ),
        (
            CallFinished(LIST, "GET", "token", "r", 0.1, error="TimedOut"),
            f'dexter_calls_total{{identity_kind="token",operation="{LIST}",outcome="error"}} 1.0',
        ),
        (
            AttemptFinished(LIST, "GET", "r", 0.1, 503),
            f'dexter_sentry_requests_total{{operation="{LIST}",status="503"}} 1.0',
        ),
        (
            AttemptFinished(LIST, "GET", "r", 0.1, error="Unreachable"),
            f'dexter_sentry_failures_total{{error="Unreachable",operation="{LIST}"}} 1.0',
        ),
        (
            AttemptFinished(LIST, "GET", "r", 0.1, error="Unreachable"),
            f'dexter_sentry_request_duration_seconds_count{{operation="{LIST}",status="none"}} 1.0',
        ),
        (FlightLanded(LIST, 99), f'dexter_flight_joins_total{{operation="{LIST}"}} 99.0'),
        (EntryStored(LIST, 10, True), f'dexter_cache_stored_total{{fallback_only="true",operation="{LIST}"}} 1.0'),
        (StoreRefused(LIST), f'dexter_cache_refused_total{{operation="{LIST}"}} 1.0'),
        (TagsPurged("PUT x", 3, 7), 'dexter_cache_purged_total{operation="PUT x"} 7.0'),
        (IdentityDropped(LIST, "token", 401, 2), 'dexter_identities_dropped_total{kind="token",status="401"} 1.0'),
        (RefreshFailed(LIST, "TimedOut"), f'dexter_refresh_failures_total{{error="TimedOut",operation="{LIST}"}} 1.0'),
        (
            RetryScheduled(LIST, "GET", "r", 1, 0.2, "status 502"),
            f'dexter_retries_total{{operation="{LIST}",reason="status 502"}} 1.0',
        ),
        (BreakerChanged("write", "open", "TimedOut"), 'dexter_breaker_state{call_class="write"} 2.0'),
        (
            BreakerChanged("write", "half_open", ""),
            'dexter_breaker_changes_total{call_class="write",state="half_open"} 1.0',
        ),
        (
            QuotaTold("service", "GET", 40, 39, None),
            'dexter_quota_remaining{identity_kind="service",limit="40",method="GET"} 39.0',
        ),
        (
            QuotaTold("service", "GET", 40, 39, 25),
            'dexter_quota_concurrent_limit{identity_kind="service",limit="40",method="GET"} 25.0',
        ),
        (
            QuotaTold("service", "GET", 40, 39, None, 1_700_000_060.0),
            'dexter_quota_reset_timestamp_seconds{identity_kind="service",limit="40",method="GET"} 1.70000006e+09',
        ),
        (CallWaited(LIST, "bulk", 0.3), 'dexter_queue_wait_seconds_bucket{le="0.5",priority="bulk"} 1.0'),
        (
            RefusedByQuota(LIST, "GET", "Overloaded"),
            f'dexter_quota_refusals_total{{operation="{LIST}",reason="Overloaded"}} 1.0',
        ),
    ],
)
def test_a_record_is_counted(record: Record, line: str) -> None:
    """Dashboards and alerts are built on these names and labels."""
    metrics = Metrics()
    metrics(record)
    assert line in metrics.exposition().decode().splitlines()


def test_the_stores_size_is_asked_for_at_every_scrape() -> None:
    """A gauge that somebody must remember to set is a gauge that lies."""
    metrics = Metrics()
    sizes = iter([1.0, 2.0])
    metrics.watch_bytes(lambda: next(sizes))
    assert "dexter_cache_bytes 1.0" in metrics.exposition().decode()
    assert "dexter_cache_bytes 2.0" in metrics.exposition().decode()


def test_an_observer_that_fails_does_not_fail_the_call(caplog: pytest.LogCaptureFixture) -> None:
    """Watching must never change what is watched."""
    seen: list[Record] = []

    def broken(_: Record) -> None:
        raise ZeroDivisionError

    tell((broken, seen.append), StoreRefused(LIST))
    assert seen == [StoreRefused(LIST)]
    assert "observer_failed" in caplog.text
