"""How long answers stay fresh: by the catalog's classes, or as whoever runs Dexter wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.table import operation, operations
from dexter.gateway.cache_times import CacheTimes, default_fresh_s
from dexter.settings import read_settings

if TYPE_CHECKING:
    from .conftest import Visitor

ISSUES = "GET /api/0/organizations/{organization_id_or_slug}/issues/"
EVENTS = f"{ISSUES}{{issue_id}}/events/"
STATS = f"{ISSUES}{{issue_id}}/stats/"
PROJECTS = "GET /api/0/organizations/{organization_id_or_slug}/projects/"
KEYS = "GET /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/keys/"


def test_the_settings_defaults_are_the_catalogs_times() -> None:
    """Two places that say different things are one place too many."""
    settings = read_settings({})
    for name in ("issues", "events", "stats", "other"):
        assert getattr(settings, f"fresh_{name}_s") == default_fresh_s(name)


@pytest.mark.parametrize(
    ("key", "name"), [(ISSUES, "issues"), (EVENTS, "events"), (STATS, "stats"), (PROJECTS, "other")]
)
def test_each_endpoint_takes_its_own_classs_time(key: str, name: str) -> None:
    """A time for events that held for issues too would surprise whoever set it."""
    endpoint = endpoint_for(operation(key))
    assert CacheTimes({name: 7.0})(endpoint).cache.fresh_s == 7.0
    others = {other: 7.0 for other in ("issues", "events", "stats", "other") if other != name}
    assert CacheTimes(others)(endpoint) is endpoint


def test_what_is_never_stored_stays_so() -> None:
    """A time must not turn a secret into something that is kept."""
    times = CacheTimes(dict.fromkeys(("issues", "events", "stats", "other", "never"), 60.0))
    assert times(endpoint_for(operation(KEYS))).cache.fresh_s == 0
    for known in operations():
        endpoint = endpoint_for(known)
        assert bool(times(endpoint).cache.fresh_s) == bool(endpoint.cache.fresh_s)


@pytest.mark.parametrize("environment", [{"DEXTER_FRESH_ISSUES": "10s"}], indirect=True)
async def test_a_time_holds_on_both_faces_and_the_headers_say_it(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """An answer past its time is stale wherever it is asked for."""
    sentry.will(ok(b'[{"id":"1"}]'))
    for target in ("/api/v1/issues", "/api/0/organizations/acme/issues/"):
        await operator.get(target)
        clock.pass_s(4)
        assert (await operator.get(target)).headers["cache-status"] == "Dexter; hit; ttl=6"
        clock.pass_s(7)
        assert "detail=stale" in (await operator.get(target)).headers["cache-status"]


@pytest.mark.parametrize("environment", [{"DEXTER_FRESH_ISSUES": "0"}], indirect=True)
async def test_a_time_of_nothing_stores_nothing(operator: Visitor, sentry: SentryDouble) -> None:
    """Whoever wants Sentry's word each time gets it."""
    sentry.will(ok(b"[]"))
    for _ in range(2):
        await operator.get("/api/v1/issues")
    assert len(sentry.calls) == 2
