"""When a list counts as showing what its reader has just changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dexter.policy.own_change_shown import OwnChange, Shown, is_shown

OTHER = Shown("8", "unresolved", "low", "")
RESOLVED = OwnChange(frozenset({"status"}), Shown("7", "resolved", "high", ""))
REOPENED = OwnChange(frozenset({"status"}), Shown("7", "unresolved", "high", ""))
ASSIGNED = OwnChange(frozenset({"assignedTo"}), Shown("7", "unresolved", "high", "user:1"))
PARTED = OwnChange(frozenset({"assignedTo"}), Shown("7", "unresolved", "high", ""))
RAISED = OwnChange(frozenset({"priority"}), Shown("7", "unresolved", "high", ""))


@pytest.mark.parametrize(
    ("change", "words", "is_there", "expected"),
    [
        # It shows what was written.
        (ASSIGNED, "is:unresolved", True, True),
        (RAISED, "is:unresolved level:error", True, True),
        (RESOLVED, "is:resolved", True, True),
        (RESOLVED, "", True, True),
        (REOPENED, "is:unresolved", True, True),
        (ASSIGNED, "is:unresolved is:assigned", True, True),
        # It is gone from where it must not be any more.
        (RESOLVED, "is:unresolved", False, True),
        (REOPENED, "is:resolved", False, True),
        (REOPENED, "is:archived", False, True),
        (ASSIGNED, "is:unresolved is:unassigned", False, True),
        # It is still where it must not be: search lags.
        (RESOLVED, "is:unresolved", True, False),
        (ASSIGNED, "is:unresolved is:unassigned", True, False),
        # It may be missing since search lags.
        (RESOLVED, "is:resolved", False, False),
        (REOPENED, "is:unresolved", False, False),
        (PARTED, "is:unassigned", False, False),
        # It may be missing for another reason, which the change has nothing to do with: another page, another project.
        (ASSIGNED, "is:unresolved", False, True),
        (RAISED, "is:unresolved KeyError", False, True),
        (RESOLVED, "", False, True),
        # The change may bear on these words, nobody here knows how.
        (ASSIGNED, "is:unresolved is:for_review", True, False),
        (ASSIGNED, "assigned:me", True, False),
        (RAISED, "issue.priority:high", True, False),
        (RAISED, "priority:high", False, False),
        (RESOLVED, "!is:unresolved", True, False),
        (RESOLVED, "is:regressed", False, False),
        (ASSIGNED, "has:assignee", True, False),
        (RAISED, "(level:error OR level:fatal)", True, False),
        (RAISED, 'message:"is:unresolved"', True, False),
    ],
)
def test_a_list_shows_a_change_or_may_lack_it(change: OwnChange, words: str, is_there: bool, expected: bool) -> None:
    """Nobody must be given a list on which their own change has not happened."""
    rows = [OTHER, change.after] if is_there else [OTHER]
    assert is_shown(change, [("query", words), ("sort", "date")], rows) is expected


@pytest.mark.parametrize("field", ["status", "priority", "assignee"])
def test_a_row_with_another_value_shows_nothing(field: str) -> None:
    """It is from before, or somebody else was quicker: only Sentry can tell."""
    row = replace(RAISED.after, **{field: "ignored"})
    assert not is_shown(RAISED, [("query", "")], [row])


def test_without_words_a_list_is_of_unresolved_issues() -> None:
    """That is Sentry's default; empty words are of all."""
    assert is_shown(RESOLVED, [], [OTHER])
    assert not is_shown(RESOLVED, [], [RESOLVED.after])


@pytest.mark.parametrize(
    "query", [("sort", "inbox"), ("sort", "trends"), ("group", "7"), ("viewId", "3"), ("collapse", "base")]
)
def test_a_list_that_is_chosen_or_ordered_otherwise_shows_nothing(query: tuple[str, str]) -> None:
    """What a change does to it is Sentry's own affair."""
    assert not is_shown(RAISED, [query], [RAISED.after])


@pytest.mark.parametrize("field", ["inbox", "isBookmarked", "merge", "discard", "hasSeen"])
def test_other_changes_are_never_known_to_be_shown(field: str) -> None:
    """Merging takes other issues off the list; marking as reviewed takes this one off some."""
    change = OwnChange(frozenset({"status", field}), RAISED.after)
    assert not is_shown(change, [("query", "")], [RAISED.after])


def test_of_two_changes_of_an_issue_the_later_must_be_shown_and_both_may_move_it() -> None:
    """Reopened, then given another priority: it may still be missing for want of the first."""
    both = RAISED.following(REOPENED)
    assert is_shown(both, [("query", "is:unresolved")], [RAISED.after])
    assert not is_shown(both, [("query", "is:unresolved")], [OTHER])
    assert is_shown(RAISED, [("query", "is:unresolved")], [OTHER])
