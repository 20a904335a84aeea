"""What a scrape shows after records."""

from __future__ import annotations

import pytest

from dexter.observe.metrics import Metrics
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
    tell,
)
from dexter.wire import Outcome

LIST = "GET /api/0/organizations/{organization_id_or_slug}/issues/"


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            AnswerServed("/api/0", LIST, "GET", 200, 0.02, "r", Outcome.HIT),
            f'api_request_total{{endpoint="{LIST}",method="GET",status="200"}} 1.0',
        ),
        (
            AnswerServed("/api/0", LIST, "GET", 200, 0.02, "r"),
            f'api_request_duration_seconds_bucket{{endpoint="{LIST}",le="0.025",method="GET",status="200"}} 1.0',
        ),
        (
            CallFinished(LIST, "GET", "service", "r", 0.1, 200, Outcome.STALE),
            f'dexter_calls_total{{endpoint="{LIST}",identity_kind="service",outcome="stale"}} 1.0',
        ),
        (
            CallFinished(LIST, "GET", "token", "r", 0.1, error="TimedOut"),
            f'dexter_calls_total{{endpoint="{LIST}",identity_kind="token",outcome="error"}} 1.0',
        ),
        (
            AttemptFinished(LIST, "GET", "r", 0.1, 503),
            f'dexter_sentry_requests_total{{endpoint="{LIST}",method="GET",status="503"}} 1.0',
        ),
        (
            AttemptFinished(LIST, "GET", "r", 0.1, error="Unreachable"),
            f'dexter_sentry_failures_total{{endpoint="{LIST}",error="Unreachable"}} 1.0',
        ),
        (FlightLanded(LIST, 99), f'dexter_flight_joins_total{{endpoint="{LIST}"}} 99.0'),
        (EntryStored(LIST, 10, True), f'dexter_cache_stored_total{{endpoint="{LIST}",fallback_only="true"}} 1.0'),
        (StoreRefused(LIST), f'dexter_cache_refused_total{{endpoint="{LIST}"}} 1.0'),
        (TagsPurged("PUT x", 3, 7), 'dexter_cache_purged_total{endpoint="PUT x"} 7.0'),
        (IdentityDropped(LIST, "token", 401, 2), 'dexter_identities_dropped_total{kind="token",status="401"} 1.0'),
        (RefreshFailed(LIST, "TimedOut"), f'dexter_refresh_failures_total{{endpoint="{LIST}",error="TimedOut"}} 1.0'),
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
