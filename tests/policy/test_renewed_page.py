"""What is brought up to date of an issue's page without looking at the issue."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.policy.renewed_page import MOST_ACTIVITY, renewed_page

PAGE = {
    "id": "7",
    "shortId": "SHOP-1",
    "status": "unresolved",
    "assignedTo": None,
    "stats": {"24h": [[1, 2]], "30d": []},
    "seenBy": [{"id": "1"}],
    "tags": [{"key": "level"}],
    "activity": [],
}
FOUND = {"group": {"id": "7", "status": "resolved", "assignedTo": {"id": "2"}, "stats": {}, "inbox": None}}
TOLD = {"activity": [{"type": "set_resolved"}]}


def test_what_people_change_is_new_and_what_only_the_page_has_stays() -> None:
    """The rest of the page cannot be had without a view, and must not be lost or invented."""
    assert renewed_page(PAGE, FOUND, TOLD) == PAGE | {
        "status": "resolved",
        "assignedTo": {"id": "2"},
        "activity": [{"type": "set_resolved"}],
    }


@pytest.mark.parametrize(
    ("page", "found", "told"),
    [
        (PAGE, {"group": {"id": "8", "status": "resolved"}}, TOLD),
        (PAGE, {"group": None}, TOLD),
        (PAGE, {"detail": "gone"}, TOLD),
        (PAGE, FOUND, {"activity": None}),
        (PAGE, FOUND, []),
        ([], FOUND, TOLD),
        (None, FOUND, TOLD),
        ({"status": "unresolved"}, {"group": {"status": "resolved"}}, TOLD),
    ],
    ids=["another issue", "no issue", "an error", "no activity", "a list", "no page", "unreadable", "no numbers"],
)
def test_a_page_is_not_mixed_with_what_is_not_its_own(page: Any, found: Any, told: Any) -> None:
    """A short id may be given to another issue after a merge; then a look at the issue is needed."""
    assert renewed_page(page, found, told) is None


def test_a_page_holds_no_more_activity_than_sentrys_own() -> None:
    """Its address for activity may tell more."""
    told = {"activity": [{"id": str(number)} for number in range(150)]}
    page = renewed_page(PAGE, FOUND, told)
    assert page is not None
    assert len(page["activity"]) == MOST_ACTIVITY
