"""The circuit breaker as a conversation: attempts come and end, time passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.breaker import (
    BreakerRule,
    Closed,
    HalfOpen,
    Open,
    State,
    Ticket,
    TurnedAway,
    Word,
    admit,
    settle,
    word_of_status,
)

RULE = BreakerRule(threshold=3, recovery_s=60.0)


def attempt(state: State, word: Word, now: float) -> State:
    """One attempt that is let through and ends at once."""
    state, ticket = admit(state, RULE, now)
    assert isinstance(ticket, Ticket)
    return settle(state, ticket, word, RULE, now, "TimedOut")


def opened(at: float = 100.0) -> State:
    state: State = Closed()
    for _ in range(RULE.threshold):
        state = attempt(state, Word.FAILS, at)
    return state


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("FF", Closed),
        ("FFF", Open),
        ("FFWFF", Closed),
        ("FFWFFF", Open),
        ("FFNF", Open),
        ("NNNNNN", Closed),
        ("WWWWWW", Closed),
    ],
)
def test_only_failures_in_a_row_open_it(words: str, kind: type) -> None:
    """Now and then a failure is normal; what says nothing of Sentry neither counts nor makes forget."""
    state: State = Closed()
    for letter in words:
        state = attempt(state, {"F": Word.FAILS, "W": Word.WORKS, "N": Word.NOTHING}[letter], 1.0)
    assert type(state) is kind


def test_while_open_everybody_is_turned_away_and_told_why() -> None:
    """An answer at once, with what is known, is better than a wait for nothing."""
    state, verdict = admit(opened(100.0), RULE, 159.9)
    assert verdict == TurnedAway(since=100.0, probe_at=160.0, last_failure="TimedOut")
    assert isinstance(state, Open)


def test_after_the_recovery_time_exactly_one_probe_is_let_through() -> None:
    """A crowd that falls on a Sentry just coming back would knock it down again."""
    state, first = admit(opened(100.0), RULE, 160.0)
    state, second = admit(state, RULE, 160.0)
    assert isinstance(first, Ticket)
    assert isinstance(second, TurnedAway)
    assert isinstance(state, HalfOpen)


@pytest.mark.parametrize(("word", "kind"), [(Word.WORKS, Closed), (Word.FAILS, Open)])
def test_the_probe_decides(word: Word, kind: type) -> None:
    """Recovery needs nobody's hand."""
    state, ticket = admit(opened(100.0), RULE, 160.0)
    assert isinstance(ticket, Ticket)
    state = settle(state, ticket, word, RULE, 165.0, "Unreachable")
    assert type(state) is kind
    if isinstance(state, Open):
        assert (state.since, state.probe_at, state.last_failure) == (100.0, 225.0, "Unreachable")


def test_by_default_the_next_call_probes_within_ninety_seconds() -> None:
    """Whoever set nothing gets an answer of Sentry's soon after Sentry is back."""
    rule, state = BreakerRule(), Closed()
    for second in range(rule.threshold):
        state, ticket = admit(state, rule, float(second))
        assert isinstance(ticket, Ticket)
        state = settle(state, ticket, Word.FAILS, rule, float(second), "Unreachable")
    assert isinstance(state, Open)
    assert isinstance(admit(state, rule, 30.0)[1], TurnedAway)
    state, ticket = admit(state, rule, rule.threshold + 60.0)
    assert isinstance(ticket, Ticket)
    assert isinstance(settle(state, ticket, Word.WORKS, rule, 90.0), Closed)


def test_a_probe_that_ends_without_a_word_leaves_the_place_to_the_next() -> None:
    """A caller who closes the window must not keep everybody out."""
    state, ticket = admit(opened(100.0), RULE, 160.0)
    assert isinstance(ticket, Ticket)
    state = settle(state, ticket, Word.NOTHING, RULE, 161.0)
    state, verdict = admit(state, RULE, 161.0)
    assert isinstance(verdict, Ticket)


def test_a_probe_without_an_end_is_not_waited_for_longer_than_its_time() -> None:
    """Its process may have been killed, and an upload may take hours."""
    state, _ = admit(opened(100.0), RULE, 160.0)
    state, early = admit(state, RULE, 174.9)
    state, late = admit(state, RULE, 175.0)
    assert isinstance(early, TurnedAway)
    assert isinstance(late, Ticket)


@pytest.mark.parametrize("now", [100.0 - 3600, 100.0 + 3600])
def test_a_clock_that_was_set_keeps_nobody_out(now: float) -> None:
    """The state is shared and outlives processes, so that its times are the wall clock's, which jumps now and then."""
    assert isinstance(admit(opened(100.0), RULE, now)[1], Ticket)
    half, _ = admit(opened(100.0), RULE, 160.0)
    assert isinstance(admit(half, RULE, now)[1], Ticket)


@pytest.mark.parametrize("word", list(Word))
def test_an_attempt_of_an_earlier_era_says_nothing(word: Word) -> None:
    """Twenty attempts that hung when it opened end later; they must neither close it nor prolong it."""
    before = Closed()
    _, old = admit(before, RULE, 99.0)
    assert isinstance(old, Ticket)
    state = opened(100.0)
    assert settle(state, old, word, RULE, 109.0) == state
    half, _ = admit(state, RULE, 160.0)
    assert settle(half, old, word, RULE, 161.0) == half


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (200, Word.WORKS),
        (302, Word.WORKS),
        (400, Word.WORKS),
        (404, Word.WORKS),
        (408, Word.WORKS),
        (410, Word.WORKS),
        (429, Word.NOTHING),
        (500, Word.FAILS),
        (502, Word.FAILS),
        (503, Word.FAILS),
        (504, Word.FAILS),
    ],
)
def test_what_a_status_says_of_sentry(status: int, word: Word) -> None:
    """A caller's mistakes must never cut everybody off, nor may a spent quota."""
    assert word_of_status(status) is word


STEP = st.tuples(st.floats(0, 50), st.sampled_from(["ask", *Word]))


@given(st.lists(STEP, max_size=60))
def test_there_is_never_more_than_one_probe_and_it_always_recovers(steps: list[tuple[float, str | Word]]) -> None:
    """Whatever the order of asking and ending: one probe at a time, and after a recovery somebody is let through."""
    state: State = Closed()
    now, out = 0.0, []
    for passed, what in steps:
        now += passed
        if what == "ask":
            before = state
            state, verdict = admit(state, RULE, now)
            if isinstance(verdict, Ticket):
                assert not (isinstance(before, Open) and now < before.probe_at)
                out.append(verdict)
            probes = [ticket for ticket in out if ticket.era == state.era] if isinstance(state, HalfOpen) else []
            assert len(probes) <= 1
        elif out:
            state = settle(state, out.pop(), Word(what), RULE, now, "x")
    _, verdict = admit(state, RULE, now + RULE.recovery_s)
    assert isinstance(verdict, Ticket)
