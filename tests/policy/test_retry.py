"""Whether a call is sent again, and what all calls together may spend on that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.sentry_double import call

from dexter.errors import CircuitOpen, Forbidden, Garbled, RateLimited, TimedOut, Unreachable
from dexter.policy.call_class import CallClass, call_class
from dexter.policy.retry import (
    RetryRule,
    may_repeat,
    passing_failure,
    pause_s,
    retries_itself,
    retry_after_s,
)
from dexter.policy.retry_budget import BudgetRule, earned, full, spent

RULE = RetryRule(attempts=3, base_s=0.1, cap_s=2.0, least_s=0.25)
OPEN = CircuitOpen("x", call_class="write", since=0, probe_at=1, last_failure="y", retry_after_s=1)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reads_may_be_repeated(method: str) -> None:
    """Asking twice changes nothing."""
    assert may_repeat(call(method=method))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_never_repeated(method: str) -> None:
    """What became of one that failed is unknown: it may have been done."""
    assert not may_repeat(call(method=method))


def test_a_read_with_a_body_is_not_repeated() -> None:
    """Its body may be a stream that can be sent once."""
    assert not may_repeat(call(body=b"{}"))


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Unreachable("x"), "Unreachable"),
        (TimedOut("x"), "TimedOut"),
        (Garbled("x"), None),
        (Forbidden("x"), None),
        (RateLimited("x", until=1), None),
        (OPEN, None),
        (200, None),
        (404, None),
        (429, None),
        (500, None),
        (502, "status 502"),
        (503, "status 503"),
        (504, "status 504"),
    ],
)
def test_which_failures_may_pass(outcome: BaseException | int, reason: str | None) -> None:
    """A 500 is likely to fail again, a 429 is for the quota, an open breaker says itself when to come back."""
    assert passing_failure(outcome) == reason


@pytest.mark.parametrize(
    ("sent", "chance", "asked_s", "left_s", "pause"),
    [
        (1, 1.0, None, 30.0, 0.2),
        (2, 1.0, None, 30.0, 0.4),
        (1, 0.5, None, 30.0, 0.1),
        (1, 0.0, None, 30.0, 0.0),
        (3, 0.0, None, 30.0, None),
        (1, 1.0, None, 0.4, None),
        (1, 1.0, None, 0.45, 0.2),
        (1, 1.0, 3.0, 30.0, 3.0),
        (1, 1.0, 40.0, 30.0, None),
    ],
)
def test_the_pause_before_another_attempt(
    sent: int, chance: float, asked_s: float | None, left_s: float, pause: float | None
) -> None:
    """Drawn from the whole range so that a crowd spreads; as long as Sentry asks; never beyond the caller's time."""
    assert pause_s(RULE, sent, chance, asked_s, left_s) == (pause if pause is None else pytest.approx(pause))


def test_the_pause_does_not_grow_beyond_its_cap() -> None:
    """Doubling forever would waste the caller's time."""
    assert pause_s(RetryRule(attempts=50), 40, 1.0, None, 100.0) == 2.0


@pytest.mark.parametrize(
    ("name", "value", "itself"),
    [
        ("X-Retry-Count", "1", True),
        ("X-Stainless-Retry-Count", "2", True),
        ("X-Stainless-Retry-Count", "0", False),
        ("x-retry-count", "", False),
        ("Accept", "1", False),
    ],
)
def test_a_client_that_retries_itself_is_known_by_its_header(name: str, value: str, itself: bool) -> None:
    """Three attempts of ours for each of its three would be nine."""
    assert retries_itself(((name, value),)) is itself


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3.0), ("0.5", 0.5), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("", None)]
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    """A date needs Sentry's clock; nobody in front of Sentry sends one."""
    assert retry_after_s((("Retry-After", value),)) == seconds


BUDGET = BudgetRule(share=0.1, floor_per_s=1.0, most=5.0)


def test_calls_earn_a_share_of_retries() -> None:
    """One in ten, so that an outage adds a tenth to the load and not twice as much."""
    empty = full(BudgetRule(share=0.1, floor_per_s=0.0, most=0.0), 0.0)
    rule = BudgetRule(share=0.1, floor_per_s=0.0, most=5.0)
    budget = earned(empty, rule, 0.0, calls=9)
    assert spent(budget, rule, 0.0) is None
    assert spent(earned(budget, rule, 0.0, calls=2), rule, 0.0) is not None


def test_a_quiet_process_may_still_retry() -> None:
    """The first failure after a night must not reach a person for lack of a budget."""
    budget = full(BUDGET, 0.0)
    for _ in range(5):
        after = spent(budget, BUDGET, 0.0)
        assert after is not None
        budget = after
    assert spent(budget, BUDGET, 0.0) is None
    assert spent(budget, BUDGET, 1.0) is not None


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=200))
def test_retries_never_exceed_the_share_the_floor_and_what_was_saved(steps: list[tuple[float, bool]]) -> None:
    """Whatever the order of calls and failures."""
    budget, now, calls, retries = full(BUDGET, 0.0), 0.0, 0, 0
    for passed, fails in steps:
        now += passed
        budget, calls = earned(budget, BUDGET, now, calls=1), calls + 1
        after = spent(budget, BUDGET, now) if fails else None
        if after is not None:
            budget, retries = after, retries + 1
    assert retries <= BUDGET.most + BUDGET.share * calls + BUDGET.floor_per_s * now + 1e-6


ISSUE = "/api/0/organizations/acme/issues/7/"


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/api/0/organizations/acme/issues/", CallClass.ISSUES),
        ("GET", ISSUE, CallClass.ISSUES),
        ("GET", ISSUE + "events/", CallClass.EVENTS),
        ("GET", ISSUE + "tags/", CallClass.EVENTS),
        ("GET", ISSUE + "stats/", CallClass.STATS),
        ("GET", "/api/0/organizations/acme/projects/", CallClass.READS),
        ("GET", "/api/0/nobody/knows/", CallClass.READS),
        ("PUT", ISSUE, CallClass.WRITES),
        ("DELETE", ISSUE, CallClass.WRITES),
    ],
)
def test_the_class_of_a_call(method: str, path: str, kind: CallClass) -> None:
    """Parts of Sentry fail apart: its search may be down while its events answer."""
    assert call_class(call(path, method=method)) is kind
