"""Observations of an issue become events: each change once, whoever sees it and in whatever order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.issue_feed import IssueFacts, Kind, Known, Seen, observe, removed

NEW = IssueFacts(
    status="unresolved", substatus="new", assignee="", priority="medium", title="Oops", count=1, comments=0
)


def facts(**changes: Any) -> IssueFacts:
    return IssueFacts(**{**dict(NEW.stated()), **changes})


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({}, {"status": "resolved", "substatus": ""}, [Kind.RESOLVED]),
        ({}, {"status": "ignored", "substatus": "archived_until_escalating"}, [Kind.ARCHIVED]),
        ({"status": "resolved"}, {"status": "unresolved", "substatus": "regressed"}, [Kind.REGRESSED]),
        ({"status": "resolved"}, {"status": "unresolved", "substatus": "ongoing"}, [Kind.UNRESOLVED]),
        ({"status": "ignored"}, {"status": "unresolved", "substatus": "escalating"}, [Kind.ESCALATING]),
        ({"substatus": "ongoing"}, {"substatus": "escalating"}, [Kind.ESCALATING]),
        ({"substatus": "new"}, {"substatus": "ongoing"}, [Kind.UPDATED]),
        ({}, {"assignee": "user:1"}, [Kind.ASSIGNED]),
        ({"assignee": "user:1"}, {"assignee": ""}, [Kind.ASSIGNED]),
        ({}, {"comments": 1}, [Kind.COMMENTED]),
        ({"comments": 2}, {"comments": 1}, []),
        ({}, {"count": 9, "priority": "high"}, [Kind.UPDATED]),
        ({}, {}, []),
        ({}, {"status": "resolved", "assignee": "team:2", "count": 2}, [Kind.RESOLVED, Kind.ASSIGNED, Kind.UPDATED]),
    ],
)
def test_a_difference_is_the_event_people_would_call_it(
    before: dict[str, Any], after: dict[str, Any], kinds: list[Kind]
) -> None:
    known = Known(facts(**before), 1.0)
    assert [change.kind for change in observe(known, Seen(facts(**after), 2.0)).changes] == kinds


def test_an_event_says_what_was_before_and_what_is_after() -> None:
    (change,) = observe(Known(facts(), 1.0), Seen(IssueFacts(assignee="user:7"), 2.0)).changes
    assert (change.before, change.after) == ({"assignee": ""}, {"assignee": "user:7"})


def test_an_issue_met_for_the_first_time_is_news_only_if_it_is_new() -> None:
    """The poller's first reading must not announce a thousand old issues."""
    assert observe(None, Seen(facts(), 1.0)).changes == ()
    assert [change.kind for change in observe(None, Seen(facts(), 1.0, born=True)).changes] == [Kind.CREATED]


def test_what_is_heard_of_for_the_first_time_is_no_change() -> None:
    """A webhook says less than a reading; the reading after it must not report everything as changed."""
    told = observe(None, Seen(IssueFacts(status="unresolved"), 1.0)).known
    assert observe(told, Seen(facts(), 2.0, whole=True)).changes == ()


READ = facts(status="resolved", substatus="", assignee="user:7")


@pytest.mark.parametrize(
    ("said", "at", "kinds"),
    [
        ({"status": "resolved"}, 9.0, [Kind.RESOLVED]),
        ({"status": "resolved"}, 12.0, [Kind.RESOLVED]),
        ({"assignee": "user:7"}, 9.0, [Kind.ASSIGNED]),
        ({"status": "resolved", "assignee": "user:7"}, 11.0, [Kind.RESOLVED, Kind.ASSIGNED]),
        ({"status": "resolved"}, 30.0, []),
        ({"status": "ignored"}, 9.0, []),
    ],
    ids=["before", "after", "assignee", "both", "long after", "something else"],
)
def test_a_change_that_crosses_the_first_reading_of_its_issue_is_told(
    said: dict[str, str], at: float, kinds: list[Kind]
) -> None:
    """The poller saw the change before whoever made it could say so; what it saw first was no news by itself."""
    known = observe(None, Seen(READ, 10.0, whole=True)).known
    seen = Seen(IssueFacts(**said), at, said=frozenset(said))
    told = observe(known, seen)
    assert [change.kind for change in told.changes] == kinds
    assert all(change.before == {} for change in told.changes)
    assert observe(told.known, seen).changes == (), "and once"


def test_what_was_told_of_since_the_first_reading_does_not_come_again_late() -> None:
    """A webhook that comes after a second change must not tell the first one in its place."""
    first = observe(None, Seen(facts(status="unresolved"), 10.0, whole=True)).known
    resolved = observe(first, Seen(facts(status="resolved"), 11.0, whole=True)).known
    late = observe(resolved, Seen(IssueFacts(status="resolved"), 10.5, said=frozenset({"status"})))
    assert late.changes == ()
    assert resolved.untold == frozenset({"assignee"})


def test_a_late_observation_takes_nothing_back_but_asks_for_a_reading() -> None:
    known = Known(facts(status="unresolved", substatus="ongoing"), 10.0)
    late = observe(known, Seen(IssueFacts(status="resolved"), 9.0))
    assert (late.known, late.changes, late.doubt) == (known, (), True)


def test_two_changes_within_one_second_ask_for_a_reading() -> None:
    """Sentry's times are whole seconds: their order is unknown."""
    known = Known(facts(status="resolved"), 10.0)
    assert observe(known, Seen(IssueFacts(status="unresolved"), 10.0)).doubt


def test_an_issue_that_is_gone_stays_gone_and_is_told_once() -> None:
    first = removed(Known(facts(), 1.0), 2.0)
    assert [change.kind for change in first.changes] == [Kind.DELETED]
    assert removed(first.known, 3.0).changes == ()
    assert observe(first.known, Seen(facts(count=5), 4.0)).changes == ()


@pytest.mark.parametrize(
    ("said", "after", "kind"),
    [
        ("status", {"status": "resolved"}, Kind.RESOLVED),
        ("status", {"status": "ignored"}, Kind.ARCHIVED),
        ("status", {"status": "unresolved", "substatus": "regressed"}, Kind.REGRESSED),
        ("assignee", {"assignee": "user:1"}, Kind.ASSIGNED),
    ],
)
def test_a_change_that_is_told_is_news_even_of_an_issue_that_nobody_knew(
    said: str, after: dict[str, Any], kind: Kind
) -> None:
    """Sentry and Dexter's own writes say what they changed; only a reading has to be compared with something."""
    seen = Seen(IssueFacts(**after), 1.0, said=frozenset({said}))
    (change,) = observe(None, seen).changes
    assert (change.kind, change.before, change.after) == (kind, {}, after)
    assert observe(observe(None, seen).known, Seen(facts(**after), 2.0, whole=True)).changes == ()


def test_an_issue_that_sentry_lists_long_after_it_went_is_there_again() -> None:
    """A server that did not find it for a moment must not make it invisible for good."""
    gone = removed(Known(facts(), 1.0), 2.0).known
    assert observe(gone, Seen(facts(), 3.0, whole=True)).known.gone
    back = observe(gone, Seen(facts(count=4), 60.0, whole=True))
    assert (back.known.gone, [change.kind for change in back.changes]) == (False, [Kind.UPDATED])


STATES = st.builds(
    facts,
    status=st.sampled_from(["unresolved", "resolved", "ignored"]),
    substatus=st.sampled_from(["", "ongoing", "regressed", "escalating"]),
    assignee=st.sampled_from(["", "user:1", "team:2"]),
    count=st.integers(1, 3),
)


@given(
    truth=st.lists(STATES, min_size=1, max_size=6),
    deliveries=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20),
)
def test_whatever_is_delivered_however_often_the_events_add_up_to_the_truth(
    truth: list[IssueFacts], deliveries: list[tuple[int, bool]]
) -> None:
    """Webhooks come twice, late, in any order or not at all; a reading comes in the end."""
    known = observe(None, Seen(truth[0], 0.0, whole=True)).known
    told = dict(known.facts.stated())
    last = len(truth) - 1
    schedule = [(index, Seen(truth[index], float(index), whole)) for index, whole in deliveries if index <= last]
    for _, seen in [*schedule, (last, Seen(truth[last], float(last), whole=True))]:
        observed = observe(known, seen)
        for change in observed.changes:
            assert {name: told.get(name) for name in change.before} == dict(change.before)
            told.update(change.after)
        assert observe(observed.known, seen).changes == (), "the same observation again is no event"
        known = observed.known
    expected = {**dict(NEW.stated()), **truth[last].stated()}
    assert {name: told.get(name) for name in expected} == {name: getattr(known.facts, name) for name in expected}
    assert known.facts.status == truth[last].status
    assert known.facts.assignee == truth[last].assignee
