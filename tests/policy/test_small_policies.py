"""Policies of one table each: revalidation, deadlines, encodings, sharing, Cache-Status."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexter.policy.cache_status import age_s, cache_status
from dexter.policy.deadlines import attempt_s, patience_s, remaining_s
from dexter.policy.encoding import accepts_gzip, is_packed
from dexter.policy.poll_pace import next_pause_s
from dexter.policy.revalidation import may_fall_back, may_have_stored
from dexter.policy.sharing import may_refresh_behind, may_share, shared_headers
from dexter.wire import Answer, CacheRule, Call, Credential, Endpoint, Headers, Identity, Outcome, Reason

RULE = CacheRule(fresh_s=300)
LIST = Endpoint("GET /x/", "GET", "/x/", RULE)
CALL = Call(LIST, "GET", "/x/", "", Identity("k", "service"), Credential(None), 0.0)


@pytest.mark.parametrize(
    ("kind", "confirmed_at", "now", "expected"),
    [
        ("service", None, 0, True),
        ("token", None, 0, False),
        ("token", 100, 100, True),
        ("token", 100, 159.9, True),
        ("token", 100, 160, False),
        ("token", 100, 99, False),
        ("anonymous", 100, 100, False),
        ("something-new", 100, 100, False),
    ],
)
def test_a_token_counts_for_a_minute(kind: str, confirmed_at: float | None, now: float, expected: bool) -> None:
    """A revoked token must not read on for long; an unknown kind must not read at all."""
    assert may_have_stored(Identity("k", kind), confirmed_at, now) is expected


@pytest.mark.parametrize(("kind", "expected"), [("service", True), ("token", False), ("anonymous", False)])
def test_old_answers_stand_in_for_dexters_own_credential_only(kind: str, expected: bool) -> None:
    """While Sentry is down nobody can say whether a token was revoked."""
    assert may_fall_back(Identity("k", kind)) is expected


@pytest.mark.parametrize(
    ("deadline", "now", "limit_s", "remaining", "patience"),
    [
        (30, 0, None, 30, 29.95),
        (30, 0, 1.5, 30, 1.5),
        (1, 0, 1.5, 1, 0.95),
        (5, 9, 1.5, 0, 0),
        (0.04, 0, 1, 0.04, 0.02),
    ],
)
def test_a_fallback_is_given_before_the_time_is_over(
    deadline: float, now: float, limit_s: float | None, remaining: float, patience: float
) -> None:
    """What is kept back is little, and less than half of what there is."""
    assert remaining_s(deadline, now) == pytest.approx(remaining)
    assert patience_s(deadline, now, limit_s) == pytest.approx(patience)


@pytest.mark.parametrize(("deadline", "expected"), [(30, 10), (4, 4), (-1, 0)])
def test_an_attempt_never_outlasts_its_request(deadline: float, expected: float) -> None:
    """The caller is gone by then."""
    assert attempt_s(10, deadline, 0) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("GZIP;q=0.1", True),
        ("br;q=1, *;q=0.5", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=nonsense", False),
        ("*;q=0", False),
        ("", False),
        (None, False),
    ],
)
def test_gzip_goes_to_who_takes_it(accept: str | None, expected: bool) -> None:
    """curl without --compressed would print binary."""
    assert accepts_gzip(accept) is expected


@pytest.mark.parametrize(("encoding", "expected"), [(None, False), ("identity", False), (" GZIP ", True), ("br", True)])
def test_a_packed_body_is_known_by_its_header(encoding: str | None, expected: bool) -> None:
    """Also in capitals."""
    assert is_packed(encoding) is expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (CALL, True),
        (replace(CALL, headers=(("Accept", "application/json"),)), True),
        (replace(CALL, headers=(("Accept", "*/*"),)), True),
        (replace(CALL, headers=(("Accept", "text/csv"),)), False),
        (replace(CALL, headers=(("Range", "bytes=0-1"),)), False),
        (replace(CALL, headers=(("If-None-Match", "x"),)), False),
        (replace(CALL, method="HEAD"), False),
        (replace(CALL, method="POST"), False),
        (replace(CALL, body=b"{}"), False),
        (replace(CALL, identity=Identity("a", "anonymous")), False),
        (replace(CALL, endpoint=replace(LIST, secret=True)), False),
        (replace(CALL, endpoint=replace(LIST, cache=CacheRule())), False),
    ],
)
def test_only_plain_reads_are_shared(call: Call, expected: bool) -> None:
    """What is particular about a call would be lost on the others."""
    assert may_share(call) is expected


def test_shared_calls_carry_no_callers_taste() -> None:
    """Language and encoding colour the answer."""
    headers: Headers = (("Accept-Language", "de"), ("accept-encoding", "br"), ("User-Agent", "x"))
    assert shared_headers(headers) == (("User-Agent", "x"),)


def test_reading_an_issue_has_an_effect() -> None:
    """Sentry records it as a view."""
    issue = "GET /api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/"
    assert not may_refresh_behind(Endpoint(issue, "GET", issue[4:]))
    assert may_refresh_behind(LIST)


@pytest.mark.parametrize(
    ("outcome", "stored_at", "expected", "age"),
    [
        (Outcome.HIT, 1000.0, "Dexter; hit; ttl=200", 100),
        (Outcome.STALE, 700.0, "Dexter; hit; ttl=-100; detail=stale", 400),
        (Outcome.FALLBACK, 100.0, "Dexter; hit; ttl=-700; detail=fallback", 1000),
        (Outcome.MISS, None, "Dexter; fwd=miss", None),
        (Outcome.COLLAPSED, None, "Dexter; fwd=miss; collapsed", None),
        (Outcome.BYPASS, None, "Dexter; fwd=bypass", None),
    ],
)
def test_an_answer_says_where_it_came_from(
    outcome: Outcome, stored_at: float | None, expected: str, age: int | None
) -> None:
    """In the words of RFC 9211."""
    answer = Answer(200, (), b"", outcome, stored_at, fresh_s=300.0)
    assert cache_status(answer, 1100.0) == expected
    assert age_s(answer, 1100.0) == age


def test_an_answer_says_why_sentry_was_asked_although_something_was_kept() -> None:
    """Whoever wonders about a slow answer learns whose change, or which age, made it so."""
    answer = Answer(200, (), b"", Outcome.COLLAPSED, reason=Reason.OWN_CHANGE)
    assert cache_status(answer, 1100.0) == "Dexter; fwd=miss; collapsed; detail=own-change"


@pytest.mark.parametrize(
    ("pause_s", "changes", "webhooks_tell", "expected"),
    [
        (8.0, 1, False, 4.0),
        (2.0, 9, False, 2.0),
        (10.0, 0, False, 14.0),
        (29.0, 0, False, 30.0),
        (2.0, 9, True, 10.0),
        (50.0, 0, True, 60.0),
        (60.0, 0, False, 30.0),
    ],
)
def test_polls_follow_each_other_faster_the_more_they_find_and_slower_while_webhooks_tell(
    pause_s: float, changes: int, webhooks_tell: bool, expected: float
) -> None:
    """Sentry is to be asked as little as the liveness of the feed allows."""
    assert next_pause_s(pause_s, changes=changes, webhooks_tell=webhooks_tell) == pytest.approx(expected)
