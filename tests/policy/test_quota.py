"""What a bucket of quota allows, and a simulated Sentry that would refuse what goes beyond."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dexter.policy.headroom import free, kept_free, per_round
from dexter.policy.quota import CROWDED_S, Bucket, Sent
from dexter.policy.quota_told import (
    AskedToWait,
    Overloaded,
    Refusal,
    Told,
    TooManyAtOnce,
    TooOften,
    Unexplained,
    done_nothing,
    refusal,
    told,
)
from dexter.policy.server_clock import SLACK_S, ClockOffset, Saying, date_epoch, narrowed
from dexter.wire import Headers, Priority

NOW = 1_700_000_000.25
SAME = ClockOffset(0.0, 0.0, known=True)
PERSON, LIVE, BULK, PREFETCH = Priority


def limits(limit: int, remaining: int, reset: float, concurrent: int | None = None) -> Headers:
    pair = (("X-Sentry-Rate-Limit-ConcurrentLimit", str(concurrent)),) if concurrent else ()
    return (
        ("X-Sentry-Rate-Limit-Limit", str(limit)),
        ("X-Sentry-Rate-Limit-Remaining", str(remaining)),
        ("X-Sentry-Rate-Limit-Reset", str(reset)),
        *pair,
    )


def test_headers_are_read_whatever_their_case() -> None:
    """HTTP/2 writes them small."""
    said = told((("x-sentry-rate-limit-limit", "40"), ("X-SENTRY-RATE-LIMIT-REMAINING", "7")))
    assert said == Told(limit=40, remaining=7)


@pytest.mark.parametrize("value", ["", "many", "-1", "0", "4e9", "99999999999999"])
def test_a_senseless_limit_says_nothing(value: str) -> None:
    """A limit of zero would shut everybody out for ever because of a typing error."""
    assert told((("X-Sentry-Rate-Limit-Limit", value),)) == Told()


def test_a_self_hosted_sentry_tells_nothing() -> None:
    """It does not limit, and then Dexter must add nothing."""
    assert told((("Content-Type", "application/json"),)) is None


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (b'{"detail":"You call too often. Limit is 40 requests in 1 seconds"}', (), TooOften(40, 1.0)),
        (b'"You call too often. Limit is 5 requests in 60 seconds"', (), TooOften(5, 60.0)),
        (b'{"detail":"Too much at once. Concurrency limit is 25"}', (), TooManyAtOnce(25)),
        (b'{"detail":"Rate limit exceeded. Try a smaller date range or fewer projects."}', (), Overloaded(1.0)),
        (b'{"detail":"Try fewer projects."}', (("Retry-After", "3"),), Overloaded(3.0)),
        (b"", (("Retry-After", "7"),), AskedToWait(7.0)),
        (b"<html>", limits(40, 0, NOW + 1), TooOften(40, None)),
        (b"<html>", limits(40, 3, NOW + 1), Unexplained()),
        (b'{"detail":"Limit is 0 requests in 0 seconds"}', (), Unexplained()),
        (b"\xff\xfe", (), Unexplained()),
        (b"", (), Unexplained()),
    ],
)
def test_what_a_429_means(body: bytes, headers: Headers, why: Refusal) -> None:
    """Sentry's forms of different ages, and those of what stands in front of it."""
    assert refusal(headers, body) == why


def test_only_the_limiter_proves_that_nothing_was_done() -> None:
    """It refuses before the work; the storage refuses in the midst of it, and then a write may be half done."""
    refusals = (TooOften(1, 1.0), TooManyAtOnce(1), Overloaded(1.0), AskedToWait(1.0), Unexplained())
    assert [done_nothing(why) for why in refusals] == [True, True, False, False, False]


def test_an_unknown_bucket_lets_everything_through() -> None:
    """In front of a Sentry without limits there is nothing to wait for."""
    bucket = Bucket()
    for _ in range(1000):
        assert bucket.opens_at(PREFETCH, NOW) == NOW
        assert bucket.has_place(PREFETCH)
        bucket.take(PREFETCH, NOW)
    assert bucket.remaining(NOW) is None


def known(
    limit: int = 10, remaining: int | None = None, window_s: float = 1.0, concurrent: int | None = None
) -> Bucket:
    """A bucket about which answers in this window and in the one before have told."""
    bucket = Bucket()
    reset = (NOW // window_s + 1) * window_s
    bucket.learn(Told(limit, limit, reset - window_s, concurrent), SAME, NOW - window_s)
    bucket.learn(Told(limit, limit if remaining is None else remaining, reset, concurrent), SAME, NOW)
    return bucket


def test_a_spent_window_opens_again_at_its_end() -> None:
    """Neither earlier, which would be refused, nor later, which would waste time."""
    bucket = known(10)
    for _ in range(10):
        assert bucket.opens_at(PERSON, NOW) == NOW
        bucket.take(PERSON, NOW)
    assert bucket.opens_at(PERSON, NOW) == 1_700_000_001.0
    assert bucket.opens_at(PERSON, 1_700_000_001.0) == 1_700_000_001.0


@pytest.mark.parametrize(("ahead", "opens_s"), [(0, 1), (9, 1), (10, 2), (25, 3)])
def test_those_ahead_in_the_queue_fill_windows_first(ahead: int, opens_s: int) -> None:
    """So that one who cannot be served in time is told so at once, and told the truth."""
    bucket = known(10, remaining=0)
    assert bucket.opens_at(PERSON, NOW, ahead) == 1_700_000_000 + opens_s


def test_what_others_used_is_used() -> None:
    """Somebody else works with the same token, beside Dexter."""
    bucket = known(10, remaining=3)
    assert bucket.remaining(NOW) == 3


def test_a_late_answer_about_a_past_window_does_not_fill_the_present_one() -> None:
    """Answers overtake each other."""
    bucket = known(10)
    later = NOW + 1.0
    assert bucket.remaining(later) == 10
    bucket.learn(Told(10, 0, 1_700_000_001.0), SAME, later)
    assert bucket.remaining(later) == 10


def test_an_answer_of_a_newer_window_opens_it() -> None:
    """Sentry's clock decides, not ours."""
    bucket = known(10, remaining=0)
    bucket.learn(Told(10, 9, 1_700_000_002.0), SAME, NOW)
    assert bucket.remaining(NOW) == 9


def test_a_call_sent_shortly_before_the_end_counts_in_the_next_window_too() -> None:
    """It may arrive only then; its answer tells."""
    bucket = known(10)
    bucket.take(PERSON, 1_700_000_000.50)
    late, later = bucket.take(PERSON, 1_700_000_000.95), bucket.take(PERSON, 1_700_000_000.96)
    now = 1_700_000_001.0
    assert bucket.remaining(now) == 8
    bucket.learn(Told(10, 7, 1_700_000_001.0), SAME, now, late)
    assert bucket.remaining(now) == 9
    bucket.learn(Told(10, 9, 1_700_000_002.0), SAME, now, later)
    assert bucket.remaining(now) == 9


def test_the_last_call_is_kept_to_find_out_when_the_window_ends() -> None:
    """Whoever always waits for the latest moment never learns that it was earlier."""
    bucket, doubtful = known(10), ClockOffset(-0.4, 0.2, known=True)
    bucket.learn(Told(10, 10, 1_700_000_001.0), doubtful, NOW)
    for _ in range(9):
        assert bucket.opens_at(PERSON, NOW) == NOW
        bucket.take(PERSON, NOW)
    scout_at = bucket.opens_at(PERSON, NOW)
    assert scout_at == pytest.approx(1_700_000_001.1)
    assert bucket.opens_at(PERSON, scout_at) == scout_at
    bucket.take(PERSON, scout_at)
    assert bucket.opens_at(PERSON, scout_at) == pytest.approx(1_700_000_001.4)


def test_what_is_under_way_when_a_limit_is_first_told_counts() -> None:
    """A burst at the start must not be forgotten."""
    bucket = Bucket()
    for _ in range(4):
        bucket.take(PERSON, NOW)
    bucket.learn(Told(10, 9, 1_700_000_001.0), SAME, NOW)
    assert bucket.remaining(NOW) == 6


@pytest.mark.parametrize(("priority", "fits"), [(PERSON, 10), (LIVE, 9), (BULK, 7), (PREFETCH, 5)])
def test_each_priority_leaves_room_for_the_more_urgent(priority: Priority, fits: int) -> None:
    """A person must find quota left when a script has been at work."""
    bucket = known(10)
    sent = 0
    while bucket.opens_at(priority, NOW) <= NOW:
        bucket.take(priority, NOW)
        sent += 1
    assert sent == fits
    assert (bucket.opens_at(PERSON, NOW) <= NOW) is (fits < 10)


def test_bulk_keeps_clear_of_what_people_needed_lately() -> None:
    """At 80 % of the quota people's work leaves a script the rest, and not half of it."""
    bucket = known(20)
    for _ in range(16):
        bucket.give_back(bucket.take(PERSON, NOW))
    then, sent = 1_700_000_001.3, 0
    while bucket.opens_at(BULK, then) <= then:
        bucket.take(BULK, then)
        sent += 1
    assert sent == 2


def test_bulk_is_never_shut_out_for_ever() -> None:
    """Even when people need everything, a job goes on by one call a window."""
    assert kept_free(BULK, 10, (1000.0, 0.0, 0.0, 0.0)) == 9
    assert per_round(PREFETCH, 1, (0.0,) * 4) == 1
    assert free(BULK, 1, (0, 0, 0, 0)) == 1


@pytest.mark.parametrize(("concurrent", "places"), [(1, 1), (3, 3), (25, 24)])
def test_the_cap_on_calls_at_once_is_kept(concurrent: int, places: int) -> None:
    """With one in hand where there are many."""
    bucket = known(1000, concurrent=concurrent)
    sent = 0
    while bucket.has_place(PERSON):
        bucket.take(PERSON, NOW)
        sent += 1
    assert sent == places
    bucket.give_back(next(iter(bucket.unanswered)))
    assert bucket.has_place(PERSON)


@pytest.mark.parametrize(
    ("why", "opens_at"),
    [
        (TooOften(10, 60.0), (NOW // 60 + 1) * 60),
        (TooOften(10, None), 1_700_000_001.0),
        (TooManyAtOnce(3), NOW + CROWDED_S),
        (AskedToWait(7.0), NOW + 7.0),
        (Overloaded(7.0), NOW),
        (Unexplained(), NOW),
    ],
)
def test_a_refusal_without_headers_is_learned_from(why: Refusal, opens_at: float) -> None:
    """Older servers send no headers with it."""
    bucket = Bucket()
    bucket.refused(why, SAME, NOW)
    assert bucket.opens_at(PERSON, NOW) == opens_at


def test_a_window_told_in_a_refusal_holds_from_then_on() -> None:
    """The headers do not say how long a window is."""
    bucket = Bucket()
    bucket.refused(TooOften(2, 60.0), SAME, NOW)
    opens = bucket.opens_at(PERSON, NOW)
    bucket.take(PERSON, opens)
    bucket.take(PERSON, opens)
    assert bucket.opens_at(PERSON, opens) == opens + 60.0


def test_a_few_dates_bound_the_difference_of_the_clocks() -> None:
    """Each says a whole second, and together they say a fraction."""
    offset = ClockOffset()
    for second in range(20):
        ours = NOW + second + second / 20
        sentrys = ours + 5.3
        said = Saying(date=float(int(sentrys)), reset=float(int(sentrys) + 1))
        offset = narrowed(offset, said, ours - 0.01, ours + 0.01)
    assert offset.low_s <= 5.3 <= offset.high_s
    assert offset.doubt_s < 0.15


def test_a_late_date_does_not_deceive_where_the_windows_length_is_sure() -> None:
    """Some servers write a new date once a second, in the midst of it."""
    offset = ClockOffset()
    for second in range(20):
        ours = NOW + second + second / 20
        said = Saying(date=float(int(ours - 0.7)), reset=float(int(ours) + 1), window_s=1.0)
        offset = narrowed(offset, said, ours - 0.01, ours + 0.01)
    assert offset.low_s <= 0.0 <= offset.high_s
    assert offset.doubt_s < 0.15


def test_without_a_word_on_the_time_nothing_is_known() -> None:
    """Then the clocks are taken to agree."""
    assert narrowed(ClockOffset(), Saying(), 1.0, 2.0) == ClockOffset()


def test_a_clock_that_was_set_is_believed_anew() -> None:
    """What was known before contradicts it."""
    offset = narrowed(ClockOffset(), Saying(1000.0), 1000.5, 1000.6)
    offset = narrowed(offset, Saying(5000.0), 1001.5, 1001.6)
    assert offset.low_s == pytest.approx(3998.4 - SLACK_S)


@pytest.mark.parametrize("value", [None, "", "tomorrow", "Wed, 99 Nov 2026 00:00:00 GMT"])
def test_a_malformed_date_says_nothing(value: str | None) -> None:
    """Proxies write what they like."""
    assert date_epoch(value) is None


@dataclass
class LimitedSentry:
    """Counts as Sentry does: fixed windows by its own clock, and a cap on what is under way."""

    limit: int
    window_s: int
    concurrent: int
    skew_s: float
    date_late_s: float = 0.0
    window: int = -1
    used: int = 0
    active: int = 0
    refused: int = 0

    def enter(self, at: float) -> tuple[Headers, bool]:
        clock = at + self.skew_s
        window = int(clock // self.window_s)
        if window != self.window:
            self.window, self.used = window, 0
        self.used += 1
        allowed = self.used <= self.limit and self.active < self.concurrent
        self.active += allowed
        self.refused += not allowed
        remaining = max(0, self.limit - self.used)
        headers = limits(self.limit, remaining, (window + 1) * self.window_s, self.concurrent)
        return (*headers, ("Date", formatdate(int(clock - self.date_late_s), usegmt=True))), allowed


Events = list[tuple[float, str, tuple[Any, ...]]]
"""When, what and with what."""


@dataclass
class Simulation:
    """One caller of a `LimitedSentry` who asks a bucket first; events in the order of time."""

    sentry: LimitedSentry
    bucket: Bucket = field(default_factory=Bucket)
    offset: ClockOffset = field(default_factory=ClockOffset)
    sent: int = 0

    def run(self, calls: list[tuple[float, Priority, float, float]]) -> None:
        """Each call: how long after the one before, its priority, its way there, and how long it takes there."""
        order, at = count(), NOW
        events: list[tuple[float, int, str, tuple[Any, ...]]] = []
        for pause_s, priority, way_s, work_s in calls:
            at += pause_s
            heapq.heappush(events, (at, next(order), "ask", (priority, way_s, work_s)))
        while events:
            now, _, what, data = heapq.heappop(events)
            for when, then, more in getattr(self, f"_{what}")(now, *data):
                heapq.heappush(events, (when, next(order), then, more))

    def _ask(self, now: float, priority: Priority, way_s: float, work_s: float) -> Events:
        opens_at = self.bucket.opens_at(priority, now)
        if opens_at > now:
            return [(opens_at, "ask", (priority, way_s, work_s))]
        if not self.bucket.has_place(priority):
            return [(now + 0.05, "ask", (priority, way_s, work_s))]
        self.sent += 1
        return [(now + way_s, "arrive", (self.bucket.take(priority, now), way_s, work_s))]

    def _arrive(self, now: float, sent: Sent, way_s: float, work_s: float) -> Events:
        headers, allowed = self.sentry.enter(now)
        return [(now + (work_s if allowed else 0.0), "finish", (sent, way_s, headers, allowed))]

    def _finish(self, now: float, sent: Sent, way_s: float, headers: Headers, allowed: bool) -> Events:
        self.sentry.active -= allowed
        return [(now + way_s, "hear", (sent, headers))]

    def _hear(self, now: float, sent: Sent, headers: Headers) -> Events:
        said = told(headers)
        assert said is not None
        date = date_epoch(dict(headers)["Date"])
        assert date is not None
        saying = Saying(date, said.reset_epoch, self.bucket.sure_window_s)
        self.offset = narrowed(self.offset, saying, sent.at, now)
        self.bucket.learn(said, self.offset, now, sent)
        self.bucket.give_back(sent)
        return []


CALL = st.tuples(st.floats(0, 0.3), st.sampled_from(list(Priority)), st.floats(0.001, 0.09), st.floats(0, 2.0))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    limit=st.integers(1, 12),
    window_s=st.sampled_from([1, 1, 1, 5]),
    concurrent=st.integers(1, 12),
    skew_s=st.floats(-3, 3),
    date_late_s=st.sampled_from([0.0, 0.4, 0.99]),
    calls=st.lists(CALL, min_size=1, max_size=80),
)
def test_once_told_the_limits_no_call_is_ever_refused(
    limit: int,
    window_s: int,
    concurrent: int,
    skew_s: float,
    date_late_s: float,
    calls: list[tuple[float, Priority, float, float]],
) -> None:
    """Whatever the calls, their ways, the windows and the clocks' difference; and every call is sent in the end."""
    sentry = LimitedSentry(limit, window_s, concurrent, skew_s, date_late_s)
    simulation = Simulation(sentry)
    simulation.run([(0.0, PERSON, 0.01, 0.0)])  # the first answer tells
    simulation.run([(2.0 * window_s, PERSON, 0.01, 0.0), *calls])
    assert sentry.refused == 0
    assert simulation.sent == len(calls) + 2


@pytest.mark.parametrize(
    "doubt", [ClockOffset(), SAME, ClockOffset(-1.0, 2.0, known=True), ClockOffset(3599, 3602, known=True)]
)
@pytest.mark.parametrize("window_s", [1.0, 60.0])
def test_a_refusal_that_only_its_text_explains_is_waited_out_for_one_window(
    doubt: ClockOffset, window_s: float
) -> None:
    """Whatever is known of Sentry's clock, the window that it was refused in is over after its length."""
    bucket = Bucket()
    sent = bucket.take(PERSON, NOW)
    bucket.refused(TooOften(40, window_s), doubt, NOW + 0.1)
    bucket.give_back(sent)
    assert NOW + 0.1 < bucket.opens_at(PERSON, NOW + 0.1) <= NOW + 0.1 + window_s
    assert bucket.opens_at(PERSON, NOW + 0.2 + window_s) == NOW + 0.2 + window_s
