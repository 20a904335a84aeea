"""The limiter counts as Sentry's does: fixed windows, shared buckets, a cap on concurrency."""

from __future__ import annotations

import json

import pytest

from dexter.sandbox.rate_limits import SAAS, Limit, LimitPlan, RateLimiter, group_of, parse_limits, shown_limits

PROJECTS = "GET /api/0/organizations/{organization_id_or_slug}/projects/"
TEAMS = "GET /api/0/organizations/{organization_id_or_slug}/teams/"
ISSUE = "GET /api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/"


def limiter(limit: int = 2, window_s: int = 10, concurrent: int | None = None) -> RateLimiter:
    return RateLimiter(LimitPlan(Limit(limit, window_s, concurrent)))


def test_without_a_plan_nothing_is_counted() -> None:
    """Self-hosted Sentry limits nothing and sends no headers."""
    assert RateLimiter().enter("user:1", PROJECTS, 100.0) is None


def test_the_request_over_the_limit_is_refused_until_the_window_ends() -> None:
    """The wait must be computable from Reset, since Sentry sends no Retry-After."""
    limits = limiter(limit=2, window_s=10)
    first, second, third = (limits.enter("user:1", PROJECTS, 101.0) for _ in range(3))
    assert first
    assert second
    assert third
    assert [(a.allowed, a.remaining) for a in (first, second, third)] == [(True, 1), (True, 0), (False, 0)]
    assert third.reset_epoch == 110
    again = limits.enter("user:1", PROJECTS, 110.0)
    assert again
    assert again.allowed


def test_operations_without_a_rule_share_a_bucket() -> None:
    """A busy poller starves its neighbours: clients must be tested against that."""
    limits = limiter(limit=1)
    limits.enter("user:1", PROJECTS, 0.0)
    starved = limits.enter("user:1", TEAMS, 0.0)
    assert starved
    assert not starved.allowed


def test_callers_and_methods_have_buckets_of_their_own() -> None:
    """One user's haste is not another's."""
    limits = limiter(limit=1)
    limits.enter("user:1", PROJECTS, 0.0)
    other = limits.enter("user:2", PROJECTS, 0.0)
    write = limits.enter("user:1", PROJECTS.replace("GET", "POST"), 0.0)
    assert other
    assert other.allowed
    assert write
    assert write.allowed


def test_concurrency_is_capped_until_one_leaves() -> None:
    """The concurrent limit is a separate 429 with its own words."""
    limits = limiter(limit=100, concurrent=1)
    limits.enter("user:1", PROJECTS, 0.0)
    crowded = limits.enter("user:1", PROJECTS, 0.0)
    assert crowded
    assert not crowded.allowed
    assert "Concurrency limit is 1" in json.loads(crowded.refusal())["detail"]
    limits.leave("user:1", PROJECTS)
    after = limits.enter("user:1", PROJECTS, 0.0)
    assert after
    assert after.allowed


def test_the_concurrent_headers_are_left_out_where_unknown() -> None:
    """Clients must cope with the pair missing."""
    admission = limiter().enter("user:1", PROJECTS, 5.0)
    assert admission
    assert dict(admission.headers()) == {
        "X-Sentry-Rate-Limit-Limit": "2",
        "X-Sentry-Rate-Limit-Remaining": "1",
        "X-Sentry-Rate-Limit-Reset": "10",
    }


def test_the_refusal_says_limit_and_window() -> None:
    """The message is what users paste into their reports."""
    refused = limiter(limit=2, window_s=10).enter("user:1", PROJECTS, 0.0)
    assert refused
    assert json.loads(refused.refusal())["detail"].endswith("Limit is 2 requests in 10 seconds")


def test_an_operation_with_a_rule_leaves_the_shared_bucket() -> None:
    """Issue detail has 5 requests a second of its own on sentry.io."""
    assert group_of(SAAS, ISSUE)[1] == Limit(5, 1, 25)
    assert group_of(SAAS, PROJECTS) == ("shared", Limit(40, 1, 25))


def test_a_plan_reads_back_as_it_was_set() -> None:
    """What GET shows must be what PUT takes."""
    assert parse_limits(shown_limits(SAAS)) == SAAS
    assert parse_limits("saas") == SAAS
    assert parse_limits(None) is None


@pytest.mark.parametrize("body", [7, {}, {"limit": 0}, {"limit": 1, "window_s": "x"}, {"limit": 1, "rules": [{}]}])
def test_a_wrong_limit_is_named(body: object) -> None:
    """A limit that silently does not limit makes a test that cannot fail."""
    with pytest.raises(ValueError, match=r"^rate_limit"):
        parse_limits(body)
