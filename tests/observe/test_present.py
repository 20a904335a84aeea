"""What is said of the request under way."""

from __future__ import annotations

import asyncio

import pytest

from dexter.observe.present import (
    Present,
    begin,
    current_trace_id,
    identified,
    identity_kind,
    keep_times,
    looked_up,
    present,
)
from dexter.observe.records import AttemptFinished, CallWaited, StoreRefused
from dexter.observe.trace_ids import TraceIds, parsed, trace_id_of

TRACE, SPAN = "ab" * 16, "cd" * 8


@pytest.mark.parametrize(
    ("state", "outcome", "value"),
    [
        (Present(), None, "total;dur=5.0"),
        (Present(cache_s=0.0002), "hit", "cache;desc=hit;dur=0.2, total;dur=5.0"),
        (Present(), "bypass", "cache;desc=bypass, total;dur=5.0"),
        (Present(queue_s=1.5, upstream_s=0.3), None, "queue;dur=1500.0, upstream;dur=300.0, total;dur=5.0"),
        (Present(traceparent="00-a-b-01"), None, 'total;dur=5.0, traceparent;desc="00-a-b-01"'),
    ],
)
def test_server_timing_says_what_is_known(state: Present, outcome: str | None, value: str) -> None:
    """Browsers and people read it; a stage that was not passed is not named."""
    assert state.server_timing(0.005, outcome) == value


async def test_times_of_all_calls_of_a_request_are_added_in_its_own_tasks_too() -> None:
    """A page made of several calls waited for all of them; another request's are not its business."""
    begin(Present(trace_id=TRACE))
    seen = present()

    async def flight() -> None:
        keep_times(AttemptFinished("GET x", "GET", "r", 0.25, 200))
        keep_times(CallWaited("GET x", "bulk", 0.5))
        keep_times(StoreRefused("GET x"))
        looked_up(0.125)
        identified("service")

    await asyncio.gather(flight(), flight())
    begin(Present())
    await flight()
    assert seen == Present(TRACE, identity_kind="service", cache_s=0.25, queue_s=1.0, upstream_s=0.5)
    assert (current_trace_id(), identity_kind()) == ("", "service")


@pytest.mark.parametrize(
    ("traceparent", "ids"),
    [
        (f"00-{TRACE}-{SPAN}-01", TraceIds(TRACE, SPAN, sampled=True)),
        (f"00-{TRACE}-{SPAN}-00", TraceIds(TRACE, SPAN, sampled=False)),
        (f"cc-{TRACE}-{SPAN}-09-more", TraceIds(TRACE, SPAN, sampled=True)),
        (None, None),
        ("", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(traceparent: str | None, ids: TraceIds | None) -> None:
    """A malformed one is as none, so that no caller can put other text into a log or a header."""
    assert parsed(traceparent) == ids


def test_a_trace_is_continued_or_begun() -> None:
    """Every request has a trace, whoever calls."""
    assert trace_id_of(f"00-{TRACE}-{SPAN}-00") == TRACE
    begun = {trace_id_of("nonsense") for _ in range(1000)}
    assert len(begun) == 1000
    assert all(parsed(f"00-{trace}-{SPAN}-01") for trace in begun)
