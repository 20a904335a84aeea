"""The pure core of bulk jobs: images, what is wanted, verdicts, undo, previews, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.bulk_image import FIELDS, image, same, told
from dexter.policy.bulk_preview import Preview, confirmation, needs_confirmation
from dexter.policy.bulk_undo import restoring, status_again
from dexter.policy.bulk_verdict import AGAIN, CONFIRMED, GONE, ItemState, merged, unconfirmed, verified
from dexter.policy.bulk_wanted import batch, holds, is_so, projected, relabelled, sentry_body, wanted

Json = dict[str, Any]

ADA = {"type": "user", "id": "1", "name": "Ada"}
TEAM = {"type": "team", "id": "2", "name": "web"}
NOW = 1_700_000_000.0


def an_image(**changed: Any) -> Json:
    return {
        "status": "unresolved", "substatus": "new", "details": {}, "assignee": None, "priority": "high",
        "seen": False, "bookmark": False, "subscribed": False, "public": False, "for_review": True,
    } | changed  # fmt: skip


def test_an_image_speaks_dexters_words_and_keeps_what_a_job_can_change() -> None:
    """It is what an undo restores, so that nothing may be missing."""
    group = {
        "id": "7", "status": "ignored", "substatus": "archived_until_condition_met",
        "statusDetails": {"ignoreCount": 5, "ignoreWindow": None, "actor": {"id": "1"}},
        "assignedTo": {"type": "team", "id": 2, "name": "web"}, "priority": "low", "hasSeen": True,
        "isBookmarked": True, "isSubscribed": False, "isPublic": True, "inbox": None,
    }  # fmt: skip
    taken = image(group)
    assert taken == {
        "status": "archived", "substatus": "archived_until_condition_met", "details": {"ignoreCount": 5},
        "assignee": TEAM, "priority": "low", "seen": True, "bookmark": True, "subscribed": False, "public": True,
        "for_review": False,
    }  # fmt: skip
    assert set(FIELDS) <= taken.keys()


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({}, {}, True),
        ({"substatus": "ongoing"}, {}, False),
        (
            {"status": "archived", "details": {"ignoreCount": 5}},
            {"status": "archived", "details": {"ignoreCount": 3}},
            True,
        ),
        (
            {"status": "archived", "details": {"ignoreUntil": "2026-12-04T11:00:00Z"}},
            {"status": "archived", "details": {"ignoreUntil": "2026-12-04T12:00:00Z"}},
            False,
        ),
        (
            {"status": "archived", "details": {"ignoreUntil": "2026-12-04T11:00:00Z"}},
            {"status": "archived", "details": {"ignoreUntil": "2026-12-04T11:00:50.123456Z"}},
            True,
        ),
        ({"status": "resolved", "details": {"inRelease": "1"}}, {"status": "resolved"}, False),
    ],
)
def test_a_status_is_another_when_somebody_made_it_so(one: Json, other: Json, is_same: bool) -> None:
    """Counts that run down by themselves are nobody's change."""
    assert same("status", an_image(**one), an_image(**other)) is is_same


@pytest.mark.parametrize(
    ("field", "changed", "words"),
    [
        ("status", {}, "unresolved"),
        ("status", {"status": "resolved", "details": {"inRelease": "1.2"}}, "resolved in 1.2"),
        ("status", {"status": "resolved", "details": {"inNextRelease": True}}, "resolved in the next release"),
        (
            "status",
            {"status": "resolved", "details": {"inCommit": {"commit": "abc", "repository": "r"}}},
            "resolved in commit abc",
        ),
        ("status", {"status": "archived", "substatus": "archived_until_escalating"}, "archived until it escalates"),
        ("status", {"status": "archived", "details": {"ignoreDuration": 30}}, "archived for 30 minutes"),
        ("assignee", {}, "nobody"),
        ("assignee", {"assignee": TEAM}, "#web"),
        ("assignee", {"assignee": {**ADA, "name": None}}, "user:1"),
        ("priority", {"priority": None}, "none"),
        ("seen", {"seen": True}, "yes"),
        ("for_review", {"for_review": None}, "not known"),
        ("labels", {"labels": ["a", "b"]}, "a, b"),
    ],
)
def test_fields_are_told_in_words(field: str, changed: Json, words: str) -> None:
    """People read them, in previews and reasons."""
    assert told(field, an_image(**changed)) == words


RESOLVED = {"status": "resolved"}
FOREVER = {"status": "ignored", "statusDetails": {}, "substatus": "archived_forever"}
COUNTING = {"status": "ignored", "statusDetails": {"ignoreCount": 5}, "substatus": "archived_until_condition_met"}


@pytest.mark.parametrize(
    ("field", "value", "now", "so", "held"),
    [
        ("status", RESOLVED, {"status": "resolved", "details": {"inRelease": "1"}}, True, True),
        (
            "status",
            {**RESOLVED, "statusDetails": {}},
            {"status": "resolved", "details": {"inRelease": "1"}},
            False,
            False,
        ),
        (
            "status",
            {**RESOLVED, "statusDetails": {"inRelease": "2"}},
            {"status": "resolved", "details": {"inRelease": "1"}},
            False,
            False,
        ),
        (
            "status",
            {**RESOLVED, "statusDetails": {"inRelease": "latest"}},
            {"status": "resolved", "details": {"inRelease": "1"}},
            True,
            True,
        ),
        (
            "status",
            {**RESOLVED, "statusDetails": {"inNextRelease": True}},
            {"status": "resolved", "details": {"inRelease": "1"}},
            True,
            True,
        ),
        ("status", FOREVER, {"status": "archived", "substatus": "archived_forever"}, True, True),
        ("status", FOREVER, {"status": "archived", "substatus": None}, True, True),
        ("status", FOREVER, {"status": "archived", "substatus": "archived_until_escalating"}, False, False),
        (
            "status",
            COUNTING,
            {"status": "archived", "substatus": "archived_until_condition_met", "details": {"ignoreCount": 5}},
            False,
            True,
        ),
        ("assignee", "user:1", {"assignee": ADA}, True, True),
        ("assignee", "team:1", {"assignee": ADA}, False, False),
        ("assignee", None, {}, True, True),
        ("priority", "low", {}, False, False),
        ("for_review", False, {"status": "resolved", "for_review": True}, True, True),
        ("for_review", False, {}, False, False),
    ],
)
def test_what_is_so_already_and_what_holds_afterwards(field: str, value: Any, now: Json, so: bool, held: bool) -> None:
    """An archive that counts begins anew each time, so that it is never so already, though it holds once it is set."""
    assert is_so(field, value, an_image(**now)) is so
    assert holds(field, value, an_image(**now)) is held


def test_only_what_differs_is_wanted_and_an_issue_without_a_difference_is_not() -> None:
    """What would change nothing is not sent."""
    target = {"status": RESOLVED, "priority": "high"}
    want = wanted(target, {"add": ["Hot"]}, None, an_image(labels=["hot"]))
    assert want == {"set": target, "change": ["status"]}
    assert wanted({"priority": "high"}, {"remove": ["x"]}, None, an_image()) == {}


def test_a_batch_is_one_organization_and_one_body_and_one_project_where_sentry_wants_that() -> None:
    """Each batch is a call: too many cost quota, too few are refused."""
    tied = {"set": {"status": {"status": "resolved", "statusDetails": {"inNextRelease": True}}}}
    plain = {"set": {"status": RESOLVED}}
    assert batch(0, "acme", "web", plain) == batch(0, "acme", "api", {**plain, "change": ["status"]})
    assert batch(0, "acme", "web", plain) != batch(0, "other", "web", plain)
    assert batch(0, "acme", "web", plain) != batch(0, "acme", "web", {"set": {"priority": "low"}})
    assert batch(0, "acme", "web", tied) != batch(0, "acme", "api", tied)
    assert batch(1, "acme", "web", {"do": "merge"}) != batch(1, "acme", "api", {"do": "merge"})
    assert batch(1, "acme", "web", {"do": "delete"}) == batch(1, "acme", "api", {"do": "delete"})


def test_labels_are_one_whatever_their_case() -> None:
    """Hot and hot are the same label."""
    assert relabelled(["Hot", "b"], {"add": ["a"], "remove": ["hot"]}) == ["a", "b"]


SET = {"set": {"status": RESOLVED, "priority": "low"}, "change": ["status", "priority"]}
BEFORE = an_image()
AFTER = an_image(status="resolved", substatus=None, priority="low")
HALF = an_image(status="resolved", substatus=None)
OTHER = an_image(status="archived", substatus="archived_forever", priority="low")


@pytest.mark.parametrize(
    ("want", "seen", "state", "reason"),
    [
        (SET, AFTER, ItemState.DONE, None),
        (SET, BEFORE, ItemState.FAILED, "Sentry accepted it, but its status is still unresolved."),
        (SET, OTHER, ItemState.FAILED, "Its status was changed again since: it is archived forever."),
        (SET, None, ItemState.FAILED, GONE.reason),
        ({"do": "delete"}, None, ItemState.DONE, None),
        ({"do": "discard"}, BEFORE, ItemState.FAILED, "Sentry accepted it, but the issue is still there."),
        ({"set": {"seen": True}}, BEFORE, ItemState.FAILED, "marks need a credential that stands for a person"),
    ],
)
def test_what_is_read_back_decides(want: Json, seen: Json | None, state: ItemState, reason: str | None) -> None:
    """Sentry's yes is no proof."""
    verdict = verified(want, BEFORE, seen)
    assert verdict.state is state
    assert verdict.reason == reason or (reason is not None and reason in (verdict.reason or ""))


@pytest.mark.parametrize(
    ("want", "seen", "state"),
    [
        (SET, AFTER, CONFIRMED.state),
        (SET, BEFORE, AGAIN.state),
        (SET, HALF, AGAIN.state),
        (SET, OTHER, ItemState.UNKNOWN),
        (SET, None, ItemState.FAILED),
        ({"do": "delete"}, BEFORE, AGAIN.state),
        ({"do": "delete"}, None, ItemState.UNKNOWN),
    ],
)
def test_a_lost_answer_is_found_again_or_said_to_be_unknown(want: Json, seen: Json | None, state: ItemState) -> None:
    """Sending blindly again undoes what somebody did meanwhile; taking it for done is a lie."""
    assert unconfirmed(want, BEFORE, seen).state is state


def test_a_merge_is_told_by_who_survived() -> None:
    """The number that everybody knows may be the one that is gone."""
    assert merged("1", "1", BEFORE).state is ItemState.DONE
    assert merged("2", "1", None).reason == "Merged into issue 1."
    assert merged("2", "1", BEFORE).state is ItemState.FAILED
    assert merged("2", None, None).state is ItemState.UNKNOWN


def test_an_undo_restores_field_by_field_and_says_what_it_leaves() -> None:
    """Somebody who changed one field has not changed the others."""
    now = an_image(status="resolved", substatus=None, priority="medium", for_review=False)
    plan = restoring(SET, BEFORE, AFTER, now, NOW)
    assert plan.want["set"] == {"status": {"status": "unresolved", "substatus": "new"}, "for_review": True}
    assert plan.left == ["Its priority is medium: it was changed since."]


def test_an_undo_of_what_is_so_again_does_nothing() -> None:
    """Somebody took it back by hand."""
    plan = restoring(SET, BEFORE, AFTER, BEFORE, NOW)
    assert (plan.want, plan.left) == ({}, [])


@pytest.mark.parametrize(
    ("before", "again"),
    [
        ({}, {"status": "unresolved", "substatus": "new"}),
        ({"substatus": None}, {"status": "unresolved"}),
        (
            {"status": "resolved", "details": {"inRelease": "1"}},
            {"status": "resolved", "statusDetails": {"inRelease": "1"}},
        ),
        ({"status": "archived", "substatus": "archived_forever"}, FOREVER),
        (
            {
                "status": "archived",
                "substatus": "archived_until_condition_met",
                "details": {"ignoreUntil": "2023-11-14T22:23:20+00:00"},
            },
            {"status": "ignored", "statusDetails": {"ignoreDuration": 10}, "substatus": "archived_until_condition_met"},
        ),
        (
            {
                "status": "archived",
                "substatus": "archived_until_condition_met",
                "details": {"ignoreUntil": "2023-11-14T22:00:00+00:00"},
            },
            {"status": "unresolved", "substatus": "ongoing"},
        ),
        (
            {
                "status": "archived",
                "substatus": "archived_until_condition_met",
                "details": {"ignoreCount": 3, "ignoreWindow": 60},
            },
            {
                "status": "ignored",
                "statusDetails": {"ignoreCount": 3, "ignoreWindow": 60},
                "substatus": "archived_until_condition_met",
            },
        ),
    ],
)
def test_a_status_is_set_again_as_exactly_as_sentry_takes_it(before: Json, again: Json) -> None:
    """An archive for two hours, of which one has passed, is an archive for the other one."""
    assert status_again(an_image(**before), NOW) == again


def test_what_was_resolved_without_a_release_is_opened_in_between() -> None:
    """Sentry does nothing with a resolved issue that is to be resolved."""
    before = an_image(status="resolved", substatus=None)
    tied = an_image(status="resolved", substatus=None, details={"inNextRelease": True})
    plan = restoring({"change": ["status"]}, before, tied, tied, NOW)
    assert plan.want["reopen"]
    assert unconfirmed(plan.want, tied, an_image(for_review=False)).state is AGAIN.state


IMAGES = st.builds(
    an_image,
    status=st.sampled_from(["unresolved", "resolved", "archived"]),
    substatus=st.sampled_from(["new", "ongoing", "archived_forever", None]),
    assignee=st.sampled_from([None, ADA, TEAM]),
    priority=st.sampled_from(["low", "high"]),
    seen=st.booleans(),
    public=st.booleans(),
    for_review=st.booleans(),
)
TARGETS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([RESOLVED, FOREVER, {"status": "unresolved"}]),
        "assignee": st.sampled_from([None, "user:1", "team:2"]),
        "priority": st.sampled_from(["low", "high"]),
        "seen": st.booleans(),
        "public": st.booleans(),
    },
)


@given(before=IMAGES, target=TARGETS)
def test_what_the_preview_shows_is_what_verification_asks_for(before: Json, target: Json) -> None:
    """Else a job does what nobody was shown."""
    want = wanted(target, {}, None, before)
    after = projected(before, want)
    assert all(holds(field, value, after) for field, value in want.get("set", {}).items())
    assert wanted(target, {}, None, after) == {}


@given(before=IMAGES, target=TARGETS)
def test_an_undo_at_once_wants_every_changed_field_back(before: Json, target: Json) -> None:
    """Nobody had the time to change anything."""
    want = wanted(target, {}, None, before)
    after = projected(before, want)
    plan = restoring(want, before, after, after, NOW)
    changed = [field for field in want.get("change", ()) if not same(field, before, after)]
    assert set(changed) <= set(plan.want.get("change", ())) | ({"for_review"} if plan.left else set())


def test_the_body_is_sentrys() -> None:
    """What is left out stays as it is."""
    assert sentry_body({"status": FOREVER, "assignee": "team:2", "subscribed": False, "for_review": False}) == {
        **FOREVER, "assignedTo": "team:2", "isSubscribed": False, "inbox": False,
    }  # fmt: skip


def test_a_preview_counts_calls_by_the_hundred() -> None:
    """It is what the job costs of everybody's quota."""
    counted = Preview()
    for number in range(250):
        row = {
            "organization": "acme",
            "project": "web",
            "issue_id": str(number),
            "short_id": None,
            "title": None,
            "batch": "b",
        }
        counted.add(row, BEFORE, SET, state="pending")
    counted.add({"project": None, "reason": "why"}, None, {}, state="skipped")
    document = counted.document(seconds_per_call=0.5, needs_confirmation=True)
    assert (document["total"], document["to_send"], document["estimated_calls"], document["estimated_s"]) == (
        251,
        250,
        6,
        3.0,
    )
    assert document["skipped"] == [{"reason": "why", "count": 1}]
    assert {(each["field"], each["to"], each["count"]) for each in document["changes"]} == {
        ("status", "resolved", 250),
        ("priority", "low", 250),
    }


def test_a_confirmation_is_of_one_preview_of_one_job() -> None:
    """Yes was said to what was shown, and to nothing that came after it."""
    tokens = {confirmation("1", {"total": 1}), confirmation("1", {"total": 2}), confirmation("2", {"total": 1})}
    assert len(tokens) == 3
    assert confirmation("1", {"total": 1}) in tokens


@pytest.mark.parametrize(
    ("selection", "op", "needed"),
    [
        ({"ids": ["1"]}, "status", False),
        ({"ids": ["1"]}, "merge", False),
        ({"ids": ["1"]}, "delete", True),
        ({"ids": ["1"]}, "discard", True),
        ({"query": ""}, "status", True),
        ({"parts": [{"ids": ["1"]}, {"query": "x"}]}, "label", True),
        ({"parts": [{"ids": ["1"]}, {"ids": ["2"]}]}, "label", False),
    ],
)
def test_what_nobody_saw_one_by_one_or_cannot_take_back_needs_a_confirmation(
    selection: Json, op: str, needed: bool
) -> None:
    """A query that was mistyped is everything."""
    assert needs_confirmation(selection, [{"op": op}]) is needed
