"""What becomes of an event that is forwarded, as tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.outgoing import (
    EXCERPT_CHARS,
    LONGEST_ASKED_S,
    LONGEST_HOLD_S,
    LONGEST_PAUSE_S,
    PATIENCE,
    SPREAD,
    Answered,
    Health,
    RetryRule,
    State,
    Unanswered,
    asked_pause_s,
    health,
    hold_s,
    judge,
    pause_s,
    room,
    slots,
    told,
    wants_type,
)
from dexter.policy.outgoing_seal import delivery_id, sealed, signature

RULE = RetryRule()
NOW = 1_800_000_000.0
DATE = "Fri, 15 Jan 2027 08:02:00 GMT"
"""Two minutes after `NOW`."""


@pytest.mark.parametrize(
    ("outcome", "attempts", "state"),
    [
        (Answered(200), 1, State.DELIVERED),
        (Answered(204), 8, State.DELIVERED),
        (Answered(299), 99, State.DELIVERED),
        (Answered(199), 1, State.PENDING),
        (Answered(301), 1, State.PENDING),
        (Answered(304), 7, State.PENDING),
        (Answered(400), 1, State.PENDING),
        (Answered(500), 7, State.PENDING),
        (Unanswered("No."), 7, State.PENDING),
        (Answered(301), 8, State.DEAD),
        (Answered(404), 8, State.DEAD),
        (Answered(500), 9, State.DEAD),
        (Unanswered("No."), 8, State.DEAD),
    ],
)
def test_only_a_2xx_is_a_success_and_what_fails_is_tried_until_it_is_given_up(
    outcome: Answered | Unanswered, attempts: int, state: State
) -> None:
    """A redirect or a login page that answers 200 elsewhere is not the receiver's yes."""
    verdict = judge(outcome, attempts, 0, RULE, NOW, 0.5)
    assert verdict.state is state
    assert verdict.counts
    assert (verdict.again_s > 0) is (state is State.PENDING)
    assert (verdict.error is None) is (state is State.DELIVERED)


def test_a_receiver_that_is_gone_stops_the_subscription_and_loses_nothing() -> None:
    """410 says that nothing more is wanted; what waits goes out when somebody sets it going again."""
    verdict = judge(Answered(410), 8, 0, RULE, NOW, 0.5)
    assert (verdict.state, verdict.counts, verdict.again_s) == (State.PENDING, False, 0.0)
    assert verdict.pauses is not None
    assert "410" in verdict.pauses


def test_eight_attempts_take_about_an_hour() -> None:
    """The promise of the documentation."""
    pauses = [pause_s(attempt, RULE, 0.5) for attempt in range(1, RULE.attempts)]
    assert pauses == [5, 15, 45, 135, 405, 1215, 1800]
    assert sum(pauses) == pytest.approx(3600, rel=0.02)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_spread_and_never_endless(attempts: int, chance: float) -> None:
    """What failed together must not come together, and an hour is not a year."""
    longest = LONGEST_PAUSE_S * (1 + SPREAD)
    assert RULE.first_s * (1 - SPREAD) <= pause_s(attempts, RULE, chance) <= longest


@pytest.mark.parametrize(("failures", "hold"), [(0, 0), (1, 0), (2, 0), (3, 5), (4, 10), (6, 40), (7, 60), (9999, 60)])
def test_a_receiver_that_fails_again_and_again_is_left_alone(failures: int, hold: float) -> None:
    """One event that a receiver cannot take must not hold up the others; a receiver that is down takes none."""
    assert hold_s(failures, RULE) == hold
    assert hold <= LONGEST_HOLD_S
    assert slots(failures, 4) == (1 if failures >= PATIENCE else 4)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (None, 0),
        ("", 0),
        ("7", 7),
        (" 7 ", 7),
        ("-1", 0),
        ("1.5", 0),
        ("999999999", LONGEST_ASKED_S),
        (DATE, 120),
        ("Fri, 15 Jan 2021 08:00:00 GMT", 0),
        ("Fri, 15 Jan 2031 08:00:00 GMT", LONGEST_ASKED_S),
        ("soon", 0),
        ("Fri, 99 Jan 2031 08:00:00 GMT", 0),
        ("٣", 0),
    ],
)
def test_a_receiver_may_say_how_long_it_wants_to_be_left_alone(said: str | None, asked: float) -> None:
    """Within reason: nobody may put events off until they are forgotten."""
    assert asked_pause_s(said, NOW) == asked


def test_what_a_receiver_asks_for_holds_for_all_that_is_sent_to_it() -> None:
    """429 is about the receiver, not about the event."""
    verdict = judge(Answered(429, "90"), 1, 0, RULE, NOW, 0.5)
    assert (verdict.again_s, verdict.hold_s) == (90, 90)
    assert judge(Answered(429, "1"), 1, 0, RULE, NOW, 0.5).again_s == 5


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (Answered(500), "The receiver answered 500."),
        (Answered(500, None, "  no\n\n\x1b[31mdice\0 "), "The receiver answered 500: no [31mdice"),
        (Answered(302, None, "Moved"), "The receiver answered 302, a redirect, which is not followed."),
        (Unanswered("It is down."), "It is down."),
    ],
)
def test_a_failure_is_told_in_a_sentence(outcome: Answered | Unanswered, sentence: str) -> None:
    """It is read by people, who must not be shown what steers a terminal."""
    assert told(outcome) == sentence


def test_what_a_receiver_says_is_kept_in_part_only() -> None:
    """An error page may be megabytes."""
    assert len(told(Answered(500, None, "x" * 10_000))) < EXCERPT_CHARS + 50


@pytest.mark.parametrize(
    ("active", "paused", "failures", "how"),
    [
        (True, None, 0, Health.OK),
        (True, None, 2, Health.OK),
        (True, None, 3, Health.FAILING),
        (True, "gone", 3, Health.PAUSED),
        (False, None, 0, Health.PAUSED),
    ],
)
def test_how_a_subscription_does(active: bool, paused: str | None, failures: int, how: Health) -> None:
    assert health(active=active, paused=paused, failures=failures) is how


@pytest.mark.parametrize(("pending", "read"), [(0, 200), (800, 200), (900, 100), (1000, 0), (5000, 0)])
def test_while_too_much_waits_the_log_is_not_read_on(pending: int, read: int) -> None:
    """The log is the buffer: a receiver that is down for a day must not fill the database."""
    assert room(pending, 1000, 200) == read


@pytest.mark.parametrize(
    ("types", "event", "wanted"),
    [
        ((), "presence", True),
        (("issue.created",), "issue.created", True),
        (("issue",), "issue.created", True),
        (("issue",), "issues.created", False),
        (("issue.create",), "issue.created", False),
        (("alert", "presence"), "presence", True),
        (("alert",), "issue.created", False),
    ],
)
def test_types_are_whole_words(types: tuple[str, ...], event: str, wanted: bool) -> None:
    assert wants_type(types, event) is wanted


def test_a_signature_is_over_the_time_and_the_body() -> None:
    """Worked out with `openssl dgst -sha256 -hmac secret`, so that a receiver in any language agrees."""
    assert signature(b'{"a":1}', 1_800_000_000, "secret") == (
        "v1=440dfbb83aabca24d9e5027629cfd81cb45254690f8d410bb28f1cc17c990dbc"
    )
    assert signature(b"1{}", 23, "s") != signature(b"{}", 231, "s")


def test_the_headers_of_a_delivery() -> None:
    assert dict(sealed(b"{}", delivery="d", event="ping", now=12.9, secret="s")) == {
        "X-Dexter-Signature": signature(b"{}", 12, "s"),
        "X-Dexter-Timestamp": "12",
        "X-Dexter-Delivery": "d",
        "X-Dexter-Event": "ping",
    }


def test_a_delivery_has_one_id_however_often_it_is_sent_and_no_other_has_it() -> None:
    """What receivers tell repetitions by."""
    places = [("s", "e", 1, "event"), ("t", "e", 1, "event"), ("s", "f", 1, "event"), ("s", "e", 2, "event")]
    ids = [delivery_id(*place) for place in [*places, ("s", "e", 1, "gap")]]
    assert len(set(ids)) == len(ids)
    assert delivery_id(*places[0]) == ids[0]
