"""How the Python client decides: when it comes back, and what it takes for now."""

from __future__ import annotations

import pytest

from dexter.live_client import LONGEST_WAIT_S, FeedRefused, RealtimeManager, State, _require_hope, backoff_s


@pytest.mark.parametrize(
    ("failures", "longest"), [(0, 0.5), (1, 1.0), (4, 8.0), (6, LONGEST_WAIT_S), (10_000, LONGEST_WAIT_S)]
)
def test_it_waits_longer_after_each_failure_and_at_random(failures: int, longest: float) -> None:
    """A crowd that was cut off together must not come back together."""
    assert backoff_s(failures, lambda: 1.0) == longest
    assert backoff_s(failures, lambda: 0.25) == longest / 4


@pytest.mark.parametrize(
    ("status", "is_hopeless"), [(401, True), (403, True), (404, True), (400, True), (429, False), (503, False)]
)
def test_it_gives_up_where_the_next_answer_would_be_the_same(status: int, is_hopeless: bool) -> None:
    """Knocking for ever with a wrong token helps nobody."""
    if is_hopeless:
        with pytest.raises(FeedRefused):
            _require_hope(status, "no")
    else:
        _require_hope(status, "later")


async def test_it_is_live_once_all_that_was_missed_was_heard() -> None:
    """The badge must not say live above a list of an hour ago, nor catching up for ever where nothing was missed."""
    live = RealtimeManager("http://x", "t", since=("one", 3))
    await live._heard({"kind": "hello", "epoch": "one", "offset": 5, "channels": []})
    states = [live.state]
    await live._heard({"kind": "event", "epoch": "one", "offset": 4, "event": {}})
    states.append(live.state)
    await live._heard({"kind": "pong", "id": None})
    states.append(live.state)
    assert (states, live.since) == ([State.CATCHING_UP, State.CATCHING_UP, State.LIVE], ("one", 5))


async def test_what_was_heard_is_the_place_to_come_back_to() -> None:
    """Also where the log began anew."""
    live = RealtimeManager("http://x", "t")
    await live._heard({"kind": "hello", "epoch": "one", "offset": 5, "channels": []})
    assert (live.since, live.state) == (("one", 5), State.LIVE)
    assert await live._heard({"kind": "event", "epoch": "one", "offset": 7, "event": {"type": "x"}}) == {"type": "x"}
    await live._heard({"kind": "gap", "epoch": "two", "offset": 0, "why": "epoch"})
    assert live.since == ("two", 0)
    with pytest.raises(FeedRefused):
        await live._heard({"kind": "bye", "reason": "refused", "detail": "signed out"})
