"""What an entry is good for, by its age."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.freshness import Fallback, Fresh, Miss, Stale, fresh_for_s, judge, refresh_is_due
from dexter.wire import CacheRule


@dataclass(frozen=True)
class Kept:
    """An entry's age is what matters."""

    stored_at: float = 1000.0
    fallback_only: bool = False
    outdated: bool = False
    status: int = 200
    brief: bool = False
    renewed_at: float | None = None


RULE = CacheRule(fresh_s=300, stale_s=600, if_error_s=86_400)
NEVER_STALE = CacheRule(fresh_s=60, stale_s=0, if_error_s=0)


@pytest.mark.parametrize(
    ("rule", "age_s", "kind"),
    [
        (RULE, 0, Fresh),
        (RULE, 299.9, Fresh),
        (RULE, 300, Stale),
        (RULE, 899.9, Stale),
        (RULE, 900, Fallback),
        (RULE, 86_699, Fallback),
        (RULE, 86_700, Miss),
        (RULE, -5, Fallback),
        (NEVER_STALE, 59, Fresh),
        (NEVER_STALE, 60, Miss),
        (CacheRule(fresh_s=10, stale_s=20, if_error_s=5), 29, Stale),
        (CacheRule(fresh_s=10, stale_s=20, if_error_s=5), 30, Miss),
        (CacheRule(), 0, Miss),
    ],
)
def test_an_entry_is_judged_by_its_age(rule: CacheRule, age_s: float, kind: type) -> None:
    """The limits decide between a fast answer and a wrong one."""
    assert type(judge(Kept(), rule, 1000 + age_s)) is kind


@pytest.mark.parametrize(
    ("age_s", "max_age_s", "kind"),
    [(10, None, Fresh), (10, 15, Fresh), (15, 15, Fresh), (16, 15, Fallback), (400, 600, Stale), (400, 30, Fallback)],
)
def test_a_caller_says_how_old_an_answer_may_be(age_s: float, max_age_s: float | None, kind: type) -> None:
    """A screen that follows what happens asks for less age than a script; what is too old may still stand in."""
    assert type(judge(Kept(), RULE, 1000 + age_s, max_age_s)) is kind


@pytest.mark.parametrize(
    ("entry", "age_s", "others_wrote", "kind"),
    [
        (Kept(), 20, False, Fresh),
        (Kept(), 21, False, Stale),
        (Kept(), 80, False, Stale),
        (Kept(), 81, False, Fallback),
        (Kept(outdated=True), 50, True, Stale),
        (Kept(outdated=True), 50, False, Fallback),
        (Kept(outdated=True), 81, True, Fallback),
        (Kept(fallback_only=True), 50, False, Fallback),
        (Kept(brief=True), 9, False, Stale),
        (Kept(brief=True), 50, False, Fallback),
        (Kept(status=404), 5, False, Fresh),
        (Kept(status=404), 21, False, Miss),
    ],
)
def test_a_caller_takes_what_is_somewhat_older_as_stale(
    entry: Kept, age_s: float, others_wrote: bool, kind: type
) -> None:
    """A screen that looks every half minute need not wait for Sentry each time; who wrote in between does wait."""
    assert type(judge(entry, RULE, 1000 + age_s, 20, 60, others_wrote=others_wrote)) is kind


@pytest.mark.parametrize(("age_s", "kind"), [(4.9, Fresh), (5, Stale), (9.9, Stale), (10, Fallback)])
def test_what_the_next_event_may_outdate_is_not_kept_for_long(age_s: float, kind: type) -> None:
    """Whoever waits for the first error of a new project must not be told "none" for five minutes."""
    assert type(judge(Kept(brief=True), RULE, 1000 + age_s)) is kind


def test_no_entry_is_a_miss() -> None:
    """And no error."""
    assert judge(None, RULE, 0) == Miss()


@given(st.floats(-10, 100_000))
def test_what_was_stored_while_sentry_lagged_is_never_given_as_fresh(age_s: float) -> None:
    """It may show what was before a write whose answer somebody has already seen."""
    assert isinstance(judge(Kept(fallback_only=True), RULE, 1000 + age_s), Fallback | Miss)


@given(st.floats(0, 200_000), st.floats(0, 200_000))
def test_an_entry_never_gets_better_with_age(one: float, other: float) -> None:
    """Freshness only falls."""
    order = [Fresh, Stale, Fallback, Miss]
    young, old = (order.index(type(judge(Kept(), RULE, 1000 + age))) for age in sorted((one, other)))
    assert young <= old


@pytest.mark.parametrize(
    ("age_s", "max_age_s", "expected"),
    [(0, None, Fresh), (9.9, None, Fresh), (10, None, Miss), (400, None, Miss), (-1, None, Miss), (9, 5, Miss)],
)
def test_what_is_not_there_is_said_again_for_a_moment_only(
    age_s: float, max_age_s: float | None, expected: type[object]
) -> None:
    """A client that asks in a loop costs no quota, and what is there at last is soon found."""
    assert isinstance(judge(Kept(status=404), RULE, 1000 + age_s, max_age_s), expected)


def test_what_was_not_there_while_sentry_lagged_is_not_said_again() -> None:
    """It may have been written just now."""
    assert isinstance(judge(Kept(status=404, fallback_only=True), RULE, 1000), Miss)


OVERTAKEN = [Kept(outdated=True), Kept(fallback_only=True), Kept(outdated=True, fallback_only=True)]


@pytest.mark.parametrize("kept", OVERTAKEN)
@pytest.mark.parametrize(
    ("age_s", "others_wrote", "kind"),
    [
        (0, True, Stale),
        (119, True, Stale),
        (120, True, Fallback),
        (899, True, Fallback),
        (0, False, Fallback),
        (119, False, Fallback),
        (86_700, True, Miss),
        (86_700, False, Miss),
        (-1, True, Fallback),
    ],
)
def test_what_a_write_overtook_is_stale_for_others_and_a_stand_in_for_its_writer(
    kept: Kept, age_s: float, others_wrote: bool, kind: type
) -> None:
    """Never fresh for anybody; and a colleague waits no longer for it than for anything else that is stale."""
    assert type(judge(kept, RULE, 1000 + age_s, others_wrote=others_wrote)) is kind
    assert fresh_for_s(kept, RULE) == 0


@pytest.mark.parametrize(
    ("kept", "age_s", "due"),
    [
        (Kept(outdated=True), 0, True),
        (Kept(fallback_only=True), 4, False),
        (Kept(fallback_only=True), 5, True),
        (Kept(outdated=True, fallback_only=True), 0, True),
        (Kept(), 400, True),
    ],
)
def test_sentry_is_asked_behind_at_once_after_a_write_and_every_few_seconds_while_search_lags(
    kept: Kept, age_s: float, due: bool
) -> None:
    """Asking at every look would cost as much as keeping nothing."""
    assert refresh_is_due(kept, 1000 + age_s) is due


@pytest.mark.parametrize(
    ("entry", "max_age_s", "max_stale_s", "kind"),
    [
        (Kept(1000, outdated=True), None, 0, Stale),
        (Kept(1000, outdated=True), 20, 60, Stale),
        (Kept(1000, outdated=True), 20, 0, Fallback),
        (Kept(1000, fallback_only=True), 20, 0, Fallback),
        (Kept(1000), 20, 0, Fresh),
    ],
)
def test_who_has_heard_of_a_change_is_given_nothing_from_before_it(
    entry: Kept, max_age_s: float | None, max_stale_s: float, kind: type
) -> None:
    """A workbench that is told of a comment asks for it at once: an answer of half a second ago has none."""
    assert type(judge(entry, RULE, 1000.5, max_age_s, max_stale_s, others_wrote=True)) is kind
