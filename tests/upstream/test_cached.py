"""Transcripts of the cache: a caller asks, Sentry answers, time passes."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import JSON, TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import Garbled, TimedOut, Unreachable
from dexter.observe.records import RefreshFailed
from dexter.wire import Answer, Headers, Outcome, Priority, Reason, header

if TYPE_CHECKING:
    from dexter.upstream.stack import Stack

ISSUE = "/api/0/organizations/acme/issues/7/"


async def settle() -> None:
    """Let background work run as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_second_ask_within_the_fresh_time_is_not_sent(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """The reason why there is a cache."""
    first = await stack(call())
    clock.pass_s(299)
    second = await stack(call(clock=clock))
    assert (first.outcome, second.outcome) == (Outcome.MISS, Outcome.HIT)
    assert second.body == first.body
    assert second.stored_at == clock.epoch - 299
    assert len(sentry.calls) == 1


async def test_a_stale_answer_is_given_at_once_and_refreshed_behind(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Nobody waits for Sentry while there is something recent to show."""
    await stack(call())
    clock.pass_s(301)
    sentry.will(ok(b'{"id":"2"}'))
    stale = await stack(call(clock=clock))
    await settle()
    fresh = await stack(call(clock=clock))
    assert (stale.outcome, stale.body) == (Outcome.STALE, b'{"id":"1"}')
    assert (fresh.outcome, fresh.body) == (Outcome.HIT, b'{"id":"2"}')
    assert [asked.priority for asked in sentry.calls] == [Priority.INTERACTIVE, Priority.PREFETCH]


async def test_a_crowd_on_a_stale_answer_refreshes_it_once(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A popular list must not be refreshed as often as it is asked for."""
    await stack(call())
    clock.pass_s(301)
    await asyncio.gather(*(stack(call(clock=clock)) for _ in range(20)))
    await settle()
    assert len(sentry.calls) == 2


async def test_an_issue_is_never_refreshed_behind(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """Sentry records a view when an issue is read: only a person's reading may do that."""
    await stack(call(ISSUE))
    clock.pass_s(301)
    sentry.will(ok(b'{"id":"2"}'))
    answer = await stack(call(ISSUE, clock=clock))
    await settle()
    assert (answer.outcome, answer.body, len(sentry.calls)) == (Outcome.MISS, b'{"id":"2"}', 2)


async def test_a_failed_refresh_keeps_the_stale_answer_and_is_told(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, records: list[object]
) -> None:
    """Sentry's trouble behind the scene is for the metrics, not for the caller."""
    await stack(call())
    clock.pass_s(301)
    sentry.will(Unreachable("no way"))
    assert (await stack(call(clock=clock))).outcome is Outcome.STALE
    await settle()
    assert (await stack(call(clock=clock))).outcome is Outcome.STALE
    assert [record.error for record in records if isinstance(record, RefreshFailed)][:1] == ["Unreachable"]


@pytest.mark.parametrize(
    "trouble",
    [
        Unreachable("down"),
        TimedOut("slow"),
        Garbled("odd"),
        ok(b'{"detail":"Internal Error"}', status=500),
        ok(b"upstream connect error", status=503, headers=(("Content-Type", "text/plain"),)),
        ok(b"<html>login</html>", headers=(("Content-Type", "text/html"),)),
        ok(b'{"id":'),
    ],
)
async def test_an_old_answer_stands_in_while_sentry_is_broken(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, trouble: Answer | Exception
) -> None:
    """Yesterday's list, said to be so, is better than none."""
    await stack(call())
    clock.pass_s(3600)
    sentry.will(trouble)
    answer = await stack(call(clock=clock))
    assert (answer.outcome, answer.status, answer.body) == (Outcome.FALLBACK, 200, b'{"id":"1"}')
    assert answer.stored_at == clock.epoch - 3600


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429])
async def test_nothing_stands_in_for_an_answer_of_sentrys(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, status: int
) -> None:
    """A 4xx is what Sentry has to say; hiding it behind old data would be a lie."""
    await stack(call())
    clock.pass_s(3600)
    sentry.will(ok(b'{"detail":"no"}', status=status))
    assert (await stack(call(clock=clock))).status == status


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_sentry_denies_is_forgotten(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, status: int
) -> None:
    """A refused credential or a deleted issue must not live on in the cache."""
    await stack(call())
    sentry.will(ok(b'{"detail":"no"}', status=status))
    await stack(call(no_cache=True))
    assert (await stack(call())).status == status


@pytest.mark.parametrize(
    "answer",
    [
        ok(status=401),
        ok(status=403),
        ok(status=410),
        ok(status=429),
        ok(status=500),
        ok(status=201),
        ok(b"", status=204),
        ok(b"a,b", headers=(("Content-Type", "text/csv"),)),
        ok(headers=(*JSON, ("Set-Cookie", "sentrysid=1"))),
        ok(b'"' + b"x" * 17_000_000 + b'"'),
    ],
)
async def test_what_is_no_whole_json_success_is_not_stored(stack: Stack, sentry: SentryDouble, answer: Answer) -> None:
    """Errors, cookies, files and giants: each would harm the next caller."""
    sentry.will(answer)
    await stack(call())
    await stack(call())
    assert sentry.asked.count("GET /api/0/organizations/acme/issues/") == 2


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((("Content-Type", "text/html"),), b"<!doctype html>"),
        (JSON, b'{"id":"1"'),
        (JSON, b""),
        ((("Content-Type", "application/json"), ("Content-Encoding", "gzip")), b"\x1f\x8b no"),
    ],
)
async def test_a_success_that_is_no_json_is_an_error_and_not_stored(
    stack: Stack, sentry: SentryDouble, headers: Headers, body: bytes
) -> None:
    """A login page with status 200 must not be shown as an issue list."""
    sentry.will(ok(body, headers=headers))
    for _ in range(2):
        with pytest.raises(Garbled):
            await stack(call())
    assert len(sentry.calls) == 2


async def test_json_that_only_python_writes_is_taken(stack: Stack, sentry: SentryDouble) -> None:
    """Sentry cuts titles in the midst of an emoji; a strict reader would turn the list into an error."""
    sentry.will(ok(b'{"title":"\\ud83d"}'))
    assert (await stack(call())).status == 200


async def test_no_cache_gets_sentrys_own_word_and_stores_it(stack: Stack, sentry: SentryDouble) -> None:
    """Who asks anew pays for it, and everybody else gains."""
    sentry.will(ok(b'{"id":"1"}'), ok(b'{"id":"2"}'))
    await stack(call())
    again = await stack(call(no_cache=True))
    assert again.body == b'{"id":"2"}'
    assert (await stack(call())).body == b'{"id":"2"}'


async def test_a_caller_who_takes_only_young_answers_gets_one(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A screen that follows what happens; everybody else gains from what it asks."""
    sentry.will(ok(b'{"id":"1"}'), ok(b'{"id":"2"}'))
    await stack(call())
    clock.pass_s(20)
    assert (await stack(call(clock=clock, max_age_s=30))).body == b'{"id":"1"}'
    assert (await stack(call(clock=clock, max_age_s=15))).body == b'{"id":"2"}'
    assert (await stack(call())).body == b'{"id":"2"}'


async def test_a_caller_who_takes_somewhat_older_answers_waits_for_nobody(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A screen that asks again and again sees at its next look what was found behind its back."""
    sentry.will(ok(b'{"id":"1"}'), ok(b'{"id":"2"}'))
    await stack(call())
    clock.pass_s(30)
    polled = await stack(call(clock=clock, max_age_s=20, max_stale_s=60))
    assert (polled.body, polled.outcome) == (b'{"id":"1"}', Outcome.STALE)
    await settle()
    assert len(sentry.calls) == 2
    again = await stack(call(clock=clock, max_age_s=20, max_stale_s=60))
    assert (again.body, again.outcome) == (b'{"id":"2"}', Outcome.HIT)


async def test_who_waits_is_told_why_what_was_kept_was_not_given(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A slow answer that should have been a hit can be looked into from outside."""
    write = call(ISSUE, method="PUT", body=b"{}", clock=clock)
    sentry.will(ok(b'{"id":"1"}'))
    reasons = [(await stack(call())).reason]
    clock.pass_s(20)
    reasons.append((await stack(call(clock=clock, max_age_s=15))).reason)
    reasons.append((await stack(call(clock=clock, no_cache=True))).reason)
    clock.pass_s(1000)
    reasons.append((await stack(call(clock=clock))).reason)
    await stack(replace(write, deadline=clock.monotonic() + 30))
    reasons.append((await stack(call(clock=clock))).reason)
    assert reasons == [None, Reason.MAX_AGE, Reason.NO_CACHE, Reason.AGE, Reason.OWN_CHANGE]


async def test_an_issue_somewhat_older_than_wanted_is_not_asked_for_behind(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Sentry would record a view that nobody had, so that the caller waits."""
    sentry.will(ok(b'{"id":"1"}'), ok(b'{"id":"2"}'))
    await stack(call(ISSUE))
    clock.pass_s(30)
    answer = await stack(call(ISSUE, clock=clock, max_age_s=20, max_stale_s=60))
    assert (answer.body, answer.outcome) == (b'{"id":"2"}', Outcome.MISS)
    assert len(sentry.calls) == 2


@pytest.mark.parametrize("headers", [(), (("Content-Encoding", "gzip"),)], ids=["plain", "packed"])
async def test_an_empty_list_is_asked_for_again_after_a_few_seconds(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, headers: Headers
) -> None:
    """Whoever waits for an application's first error asks a few times, not for five minutes in vain."""
    empty = gzip.compress(b"[]") if headers else b"[]"
    sentry.will(ok(empty, headers=(*JSON, *headers)), ok(b'[{"id":"1"}]'))
    assert (await stack(call())).body == b"[]"
    clock.pass_s(4)
    assert (await stack(call())).body == b"[]"
    clock.pass_s(10)
    assert (await stack(call())).body == b'[{"id":"1"}]'


@pytest.mark.parametrize(("status", "calls"), [("resolved", 2), ("ignored", 2), ("unresolved", 1)])
async def test_a_resolved_issue_is_asked_for_again_after_a_few_seconds(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, status: str, calls: int
) -> None:
    """It comes back with the next event, of which nobody tells Dexter."""
    body = b'{"id":"7","status":"%b","title":"%b"}' % (status.encode(), b"x" * 100)
    sentry.will(ok(body))
    await stack(call(ISSUE))
    clock.pass_s(11)
    await stack(call(ISSUE, clock=clock))
    assert len(sentry.calls) == calls


@pytest.mark.parametrize(
    "path",
    ["/api/0/projects/acme/shop/keys/", "/api/0/organizations/acme/no-such-thing/", "/api/0/"],
)
async def test_secrets_and_the_unknown_are_never_stored(stack: Stack, sentry: SentryDouble, path: str) -> None:
    """A DSN key in a shared store is one bug away from a leak; an unknown answer may be anything."""
    await stack(call(path))
    answer = await stack(call(path))
    assert (answer.outcome, len(sentry.calls)) == (Outcome.BYPASS, 2)


@pytest.mark.parametrize("header", ["Range", "If-None-Match", "If-Modified-Since"])
async def test_a_conditional_ask_is_not_answered_from_the_store(
    stack: Stack, sentry: SentryDouble, header: str
) -> None:
    """A part, or a 304, fits one caller only."""
    await stack(call())
    await stack(call(headers=((header, "x"),)))
    assert len(sentry.calls) == 2


async def test_the_fallback_comes_before_the_callers_time_is_over(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A caller with two seconds gets yesterday's list in two seconds, not a timeout."""
    await stack(call())
    clock.pass_s(3600)
    held = Held(ok())
    sentry.will(held)
    answer = await stack(call(clock=clock, deadline_s=0.1))
    assert answer.outcome is Outcome.FALLBACK
    held.let_go()


async def test_a_shared_call_carries_no_language_of_its_first_caller(stack: Stack, sentry: SentryDouble) -> None:
    """The second caller would get error texts in the first one's language."""
    await stack(call(headers=(("Accept-Language", "de"), ("X-Custom", "1"))))
    names = {name for name, _ in sentry.calls[0].headers}
    assert "X-Custom" in names
    assert "Accept-Language" not in names


async def test_a_stored_answer_says_nothing_of_a_quota_that_has_passed(stack: Stack, sentry: SentryDouble) -> None:
    """A client that believed it would wait for a moment long gone, or spend what is spent."""
    quota = (("X-Sentry-Rate-Limit-Remaining", "3"), ("X-Hits", "12"))
    sentry.will(ok(headers=(*JSON, *quota)))
    first, second = await stack(call()), await stack(call())
    assert header(first.headers, "x-sentry-rate-limit-remaining") == "3"
    assert second.headers == (*JSON, ("X-Hits", "12"))


async def test_a_token_never_gets_the_services_answer(stack: Stack, sentry: SentryDouble) -> None:
    """Identity is part of every key."""
    await stack(call())
    await stack(call(identity=TOKEN))
    assert len(sentry.calls) == 2


async def test_an_anonymous_caller_is_neither_stored_for_nor_served(stack: Stack, sentry: SentryDouble) -> None:
    """Without a credential there are no rights under which something could be kept."""
    nobody = replace(TOKEN, key="anonymous", kind="anonymous")
    await stack(call(identity=nobody))
    await stack(call(identity=nobody))
    assert len(sentry.calls) == 2


ABSENT = ok(b'{"detail":"The requested resource does not exist"}', status=404)


async def test_not_found_is_kept_for_a_moment(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """A script that polls for an issue that is gone must not eat everybody's quota."""
    sentry.will(ABSENT)
    assert (await stack(call(clock=clock))).outcome is Outcome.MISS
    again = await stack(call(clock=clock))
    assert (again.status, again.body, again.outcome) == (404, ABSENT.body, Outcome.HIT)
    clock.pass_s(10)
    assert (await stack(call(clock=clock))).outcome is Outcome.MISS


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"<html>" + b"x" * 70_000, status=404, headers=(("Content-Type", "text/html"),)),
        ok(b"", status=404, headers=()),
        *(ok(b'{"detail":"no"}', status=status) for status in (400, 401, 403, 410, 429)),
    ],
)
async def test_no_other_refusal_is_kept(stack: Stack, sentry: SentryDouble, clock: FakeClock, answer: Answer) -> None:
    """Each may be gone the next moment, or was never Sentry's word."""
    sentry.will(answer)
    await stack(call(clock=clock))
    assert (await stack(call(clock=clock))).outcome is Outcome.MISS


async def test_a_write_makes_not_found_go(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """What was just made must be there."""
    sentry.will(ABSENT, ok(), ok(b'{"id":"7"}'))
    issue = "/api/0/organizations/acme/issues/7/"
    await stack(call(issue, clock=clock))
    await stack(call(issue, method="PUT", body=b"{}", clock=clock))
    assert (await stack(call(issue, clock=clock))).status == 200
