"""What is noticed in Sentry's answers, and what is done about it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import BASE, JSON, FakeClock, SentryDouble, call, ok

from dexter.observe.records import DeprecationSeen, LinkMended, ReplyChecked
from dexter.wire import Outcome, header

if TYPE_CHECKING:
    from dexter.observe.records import Record
    from dexter.upstream.stack import Stack

GOING = (
    ("X-Sentry-Deprecation-Date", "2026-05-14T00:00:00Z"),
    ("X-Sentry-Replacement-Endpoint", "/api/0/organizations/{organization_id_or_slug}/workflows/"),
)
RULES = "/api/0/organizations/acme/alert-rules/"
BROWNOUT = ok(b'{"message":"This API no longer exists."}', status=410, headers=(*JSON, *GOING))
PROJECTS = "/api/0/organizations/acme/projects/"


async def settled() -> None:
    """Let what goes on behind the callers' backs come to its end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_announcement_is_recorded_and_told_in_standard_words(
    stack: Stack, sentry: SentryDouble, records: list[Record]
) -> None:
    """Sentry's own fields stay; the successor is named with what is known of the path."""
    sentry.will(ok(b"[]", headers=(*JSON, *GOING)))
    answer = await stack(call(RULES))
    assert header(answer.headers, "Deprecation") == "@1778716800"
    assert header(answer.headers, "Sunset") == "Thu, 14 May 2026 00:00:00 GMT"
    assert header(answer.headers, "Link") == '</api/0/organizations/acme/workflows/>; rel="successor-version"'
    assert header(answer.headers, "X-Sentry-Deprecation-Date") == "2026-05-14T00:00:00Z"
    (seen,) = [record for record in records if isinstance(record, DeprecationSeen)]
    assert (seen.date, seen.brownout) == ("2026-05-14T00:00:00Z", False)


async def test_what_was_kept_stands_in_during_a_brownout(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """It passes in a minute or two; a list of yesterday is better than an error, and the 410 is never kept."""
    sentry.will(ok(b"[1]"))
    await stack(call(RULES, clock=clock))
    clock.pass_s(3600)
    sentry.will(BROWNOUT)
    answer = await stack(call(RULES, clock=clock))
    assert (answer.status, answer.body, answer.outcome) == (200, b"[1]", Outcome.FALLBACK)
    sentry.will(ok(b"[2]"))
    assert (await stack(call(RULES, clock=clock))).body == b"[2]"


async def test_a_brownout_without_anything_kept_is_told_as_it_is(stack: Stack, sentry: SentryDouble) -> None:
    """There is nothing to give in its place, and it is not believed the next time."""
    sentry.will(BROWNOUT, ok(b"[2]"))
    assert (await stack(call(RULES))).status == 410
    assert (await stack(call(RULES))).body == b"[2]"


async def test_a_malformed_link_is_mended_before_anybody_reads_it(
    stack: Stack, sentry: SentryDouble, records: list[Record]
) -> None:
    """Both faces and the store get the right one."""
    link = (
        "<broken url>; rel='previous'; results='false'; cursor='0:0:1', <>; rel='next'; results='true'; cursor='0:5:0'"
    )
    sentry.will(ok(b"[]", headers=(*JSON, ("Link", link))))
    answer = await stack(call(PROJECTS, query="query=a&cursor=0:0:0"))
    mended = header(answer.headers, "link") or ""
    assert mended.startswith(f'<{BASE}{PROJECTS}?query=a&cursor=0%3A0%3A1>; rel="previous"')
    assert LinkMended(call(PROJECTS).endpoint.name) in records


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (b'{"version":"0","auth":{"scopes":["a"]},"user":null,"new":1}', ()),
        (b'{"auth":{"scopes":["a",5]}}', (("version", "missing"), ("auth.scopes[]", "integer instead of string"))),
        (b"[]", ((".", "array instead of object"),)),
    ],
)
async def test_a_reply_that_drifts_from_the_catalog_is_counted_by_field(
    stack: Stack, sentry: SentryDouble, records: list[Record], body: bytes, faults: tuple[tuple[str, str], ...]
) -> None:
    """It is the first sign that Sentry changed; new fields are none."""
    sentry.will(ok(body))
    await stack(call("/api/0/"))
    await settled()
    checked = [record for record in records if isinstance(record, ReplyChecked)]
    assert checked == [ReplyChecked("GET /api/0/", faults)]


async def test_replies_are_checked_now_and_then_only(
    stack: Stack, sentry: SentryDouble, records: list[Record], clock: FakeClock
) -> None:
    """What it costs must not grow with the traffic."""
    sentry.will(ok(b'{"version":"0"}'))
    for second in range(25):
        await stack(call("/api/0/", query=f"x={second}", clock=clock))
        clock.pass_s(1)
    await settled()
    assert len([record for record in records if isinstance(record, ReplyChecked)]) == 3
