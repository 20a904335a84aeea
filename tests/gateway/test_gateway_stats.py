"""The figures of the Gateway screen, after a small traffic that is known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok
from tests.gateway.conftest import ACCESS_TOKEN, Visitor

from dexter.app import HISTORY_FILE, Application, create_app
from dexter.errors import Unreachable
from dexter.observe.board import Board
from dexter.observe.history import History
from dexter.observe.promises import Promises
from dexter.policy.call_class import CallClass
from dexter.settings import read_settings

STATS = "/api/v1/gateway/stats"
SLO = "/api/v1/gateway/slo"
LIST = "/api/v1/projects"


async def stats(operator: Visitor, clock: FakeClock) -> Any:
    """Give the document, not the one that was built within the last second."""
    clock.pass_s(2)
    reply = await operator.get(STATS)
    assert reply.status == 200
    return reply.json()


async def test_figures_are_those_of_the_traffic(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """People decide by them whether the gateway does its work."""
    sentry.will(ok(b"[]"))
    for _ in range(10):
        await operator.get(LIST)
    await operator.get("/api/v1/projects?limit=abc")
    sentry.will(Unreachable("Sentry could not be connected to."))
    await operator.get("/api/v1/teams")
    found = await stats(operator, clock)
    minute = found["windows"]["1m"]
    assert (minute["requests"], minute["errors"], minute["client_errors"]) == (12, 1, 1)
    assert minute["outcomes"] == {"hit": 9, "stale": 0, "fallback": 0, "miss": 1, "collapsed": 0, "bypass": 0}
    assert (minute["reads"], minute["hits"], minute["hit_ratio"]) == (10, 9, 0.9)
    assert minute["error_rate"] == pytest.approx(1 / 12)
    assert minute["calls_saved"] == 11 - minute["upstream_calls"]
    assert minute["upstream_failures"] == minute["upstream_calls"] - 1 >= 1
    assert minute == found["windows"]["5m"] | {"seconds": 60, "per_s": 0.2}
    assert found["workers"] == {"live": 1, "seen": 1}


async def test_the_series_have_one_length_and_add_up(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """A plot of columns that do not fit shows nonsense."""
    sentry.will(ok(b"[]"))
    for _ in range(3):
        await operator.get(LIST)
        clock.pass_s(60)
    series = (await stats(operator, clock))["series"]
    columns = [value for name, value in series.items() if name != "step_s"]
    assert len({len(column) for column in columns}) == 1
    assert sum(series["requests"]) == 3
    assert {later - earlier for earlier, later in zip(series["t"], series["t"][1:], strict=False)} == {10}
    assert [value is None for value in series["p95_ms"]] == [count == 0 for count in series["requests"]]


async def test_operations_are_named_by_templates(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """An id in the list would tell who looked at what."""
    sentry.will(ok(b'{"id":"424242"}'))
    await operator.get("/api/v1/issues/424242")
    await operator.get("/api/0/organizations/acme/issues/424242/")
    found = await stats(operator, clock)
    assert {each["endpoint"] for each in found["operations"]} == {
        "/api/v1/issues/{id}",
        "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/",
    }
    assert {each["operation"] for each in found["upstream"]} == {
        "GET /api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/"
    }
    assert "424242" not in str(found)


async def test_an_error_is_shown_with_what_leads_to_its_log_lines(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Whoever sees it wants to know more."""
    sentry.will(Unreachable("Sentry could not be connected to."))
    trace_id = "ab" * 16
    await operator.get(LIST, {"x-request-id": "req-7", "traceparent": f"00-{trace_id}-{'cd' * 8}-01"})
    errors = (await stats(operator, clock))["recent_errors"]
    assert {each["kind"] for each in errors} == {"answer", "sentry"}
    assert {each["request_id"] for each in errors} == {"req-7"}
    assert {each["trace_id"] for each in errors} == {trace_id}
    answer = next(each for each in errors if each["kind"] == "answer")
    assert (answer["endpoint"], answer["method"], answer["status"]) == ("/api/v1/projects", "GET", 502)


async def test_every_breaker_is_shown(operator: Visitor, clock: FakeClock) -> None:
    """One that never opened is closed, and says so."""
    breakers = (await stats(operator, clock))["breakers"]
    assert [(each["name"], each["state"]) for each in breakers] == [(kind.value, "closed") for kind in CallClass]


async def test_an_open_breaker_says_since_when_why_and_until_when(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """What is left alone must be seen to be."""
    sentry.will(ok(b"{}", status=502))
    for number in range(5):
        await operator.get(f"/api/v1/issues/{number}/tags")
    opened = next(each for each in (await stats(operator, clock))["breakers"] if each["state"] == "open")
    assert opened["last_failure"] == "status 502"
    assert opened["since"] < opened["retry_at"]


async def test_the_quota_that_sentry_tells_is_shown(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """People plan by it."""
    limits = {"limit": "40", "remaining": "39", "reset": str(int(clock.now()) + 1), "concurrentlimit": "25"}
    headers = tuple((f"X-Sentry-Rate-Limit-{name}", value) for name, value in limits.items())
    sentry.will(ok(b"[]", headers=(("Content-Type", "application/json"), *headers)))
    await operator.get(LIST)
    (quota,) = (await stats(operator, clock))["quota"]
    assert (quota["bucket"], quota["limit"], quota["concurrent_limit"]) == ("service GET 40", 40, 25)
    assert 0 <= quota["remaining"] <= 39


async def test_an_unchanged_document_is_not_sent_again(operator: Visitor, clock: FakeClock) -> None:
    """A screen polls for hours."""
    clock.epoch = 1_700_000_000.0
    first = await operator.get(STATS)
    assert first.headers["cache-control"] == "no-cache"
    again = await operator.get(STATS, {"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    clock.pass_s(20)
    changed = await operator.get(STATS, {"if-none-match": first.headers["etag"]})
    assert changed.status == 200


@pytest.mark.parametrize("address", [STATS, SLO])
async def test_only_holders_of_dexters_token_see_it(address: str, owner: Visitor, stranger: Visitor) -> None:
    """What others do with the gateway is nobody else's business."""
    assert (await stranger.get(address)).status == 401
    assert (await owner.get(address)).status == 403


async def test_objectives_are_measured_on_what_callers_saw(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock, environment: dict[str, str], gateway: Application
) -> None:
    """The budget is spent by what people suffered, and remembered when the gateway is gone."""
    sentry.will(ok(b"[]"))
    for _ in range(100):
        await operator.get(LIST)
    reply = await operator.get(SLO)
    objectives = {each["name"]: each for each in reply.json()["objectives"]}
    assert reply.json()["window_days"] == 30
    assert (objectives["hit_ratio"]["measured"], objectives["hit_ratio"]["met"]) == (0.99, True)
    assert objectives["hit_ratio"]["budget"] == {"allowed": pytest.approx(20), "spent": 1, "left": pytest.approx(19)}
    assert (objectives["errors"]["measured"], objectives["errors"]["met"]) == (0.0, True)
    assert objectives["latency"]["met"] is True
    assert objectives["coverage"]["measured"] > 0.9
    await gateway.aclose()
    history = History(Path(environment["DEXTER_DATA_DIR"]) / HISTORY_FILE)
    # The reads, and the question for the objectives itself.
    assert history.window(clock.now())[0].requests == 101
    history.close()


async def test_suspended_promises_are_listed(
    environment: dict[str, str], sentry: SentryDouble, clock: FakeClock
) -> None:
    """Every loss of a promise is visible."""
    board = Board()
    app = create_app(read_settings(environment), transport=sentry, clock=clock, board=board)
    Promises(board, clock.now).suspend("fresh answers across hosts", "Redis does not answer")
    (suspended,) = (await stats(Visitor(app, {"x-dexter-token": ACCESS_TOKEN}), clock))["suspended"]
    await app.aclose()
    assert (suspended["promise"], suspended["why"]) == ("fresh answers across hosts", "Redis does not answer")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", suspended["since"])


async def test_an_error_of_a_browser_is_shown_when_its_reporter_is_known(
    operator: Visitor, owner: Visitor, clock: FakeClock
) -> None:
    """Anybody can make up a Sentry token; what they report is logged, and not put before everybody."""
    trace_id = "ab" * 16
    for visitor in (operator, owner):
        reply = await visitor.send("POST", "/api/v1/client-errors", {"message": "it broke", "trace_id": trace_id})
        assert reply.status == 204
    (shown,) = (await stats(operator, clock))["recent_errors"]
    assert (shown["kind"], shown["error"], shown["trace_id"]) == ("browser", "it broke", trace_id)


async def test_spans_are_taken_from_holders_of_dexters_token_only(operator: Visitor, owner: Visitor) -> None:
    """A collector is paid by the span."""
    assert (await owner.send("POST", "/api/v1/traces", {"spans": []})).status == 403
    taken = await operator.send("POST", "/api/v1/traces", {"spans": []})
    assert (taken.status, taken.json()) == (200, {"accepted": 0, "exported": False})


@pytest.mark.parametrize(
    "changed", [{"trace_id": "AB" * 16}, {"span_id": "0"}, {"duration_ms": -1}, {"name": ""}, {"url": "http://x"}]
)
async def test_a_span_that_is_none_is_refused(operator: Visitor, changed: dict[str, Any]) -> None:
    """What goes to a collector is of the form that was agreed on, and nothing else."""
    span = {"trace_id": "ab" * 16, "span_id": "cd" * 8, "name": "open", "start_ms": 1.7e12, "duration_ms": 5} | changed
    assert (await operator.send("POST", "/api/v1/traces", {"spans": [span]})).status == 422
