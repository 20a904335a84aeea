"""What the audit log can say of a change at one of Sentry's own addresses, from what passed by."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.policy.change_values import NOT_KNOWN, in_doubt, issue_values, thing_values

Json = dict[str, Any]

BEFORE = {
    "status": "unresolved",
    "substatus": "new",
    "statusDetails": {},
    "assignedTo": None,
    "priority": "high",
    "hasSeen": False,
    "isBookmarked": False,
}
ADA = {"type": "user", "id": "1", "name": "Ada"}


@pytest.mark.parametrize(
    ("asked", "before", "answer", "expected"),
    [
        (
            {"status": "resolved"},
            BEFORE,
            {**BEFORE, "status": "resolved", "substatus": None},
            (
                {"status": "unresolved", "substatus": "new", "details": {}},
                {"status": "resolved", "substatus": None, "details": {}},
            ),
        ),
        (
            {"assignedTo": "ada@example.org", "hasSeen": True},
            BEFORE,
            {**BEFORE, "assignedTo": ADA, "hasSeen": True},
            ({"assignee": None, "seen": False}, {"assignee": ADA, "seen": True}),
        ),
        # Nothing is known of before, and the answer shows a part, as that of a bulk change does.
        (
            {"status": "ignored", "priority": "low"},
            None,
            {"status": "ignored", "statusDetails": {"ignoreCount": 5}},
            (
                {"status": NOT_KNOWN, "priority": NOT_KNOWN},
                {"status": "archived", "details": {"ignoreCount": 5}, "priority": "low"},
            ),
        ),
        # No answer that can be read: what was asked for and accepted.
        ({"inbox": False}, BEFORE, None, ({"for_review": NOT_KNOWN}, {"for_review": False})),
        ({"statusDetails": {"inRelease": "1"}}, None, None, ({"status": NOT_KNOWN}, {"status": NOT_KNOWN})),
        ({"merge": 1}, None, {"merge": {"parent": "7", "children": ["8"]}}, (None, {"merge": 1})),
        ({}, BEFORE, BEFORE, (None, None)),
    ],
)
def test_of_an_issue(asked: Json, before: Json | None, answer: Json | None, expected: tuple[Any, Any]) -> None:
    """In the words of every other row, so that one history reads as one."""
    assert issue_values(asked, before, answer) == expected


THING = {"id": "3", "slug": "shop", "name": "Shop", "platform": "python"}


@pytest.mark.parametrize(
    ("method", "asked", "before", "answer", "expected"),
    [
        ("PUT", {"name": "New"}, THING, {**THING, "name": "New"}, ({"name": "Shop"}, {"name": "New"})),
        ("PUT", {"name": "New"}, None, None, ({"name": NOT_KNOWN}, {"name": "New"})),
        ("PUT", {"isEnabled": False}, THING, THING, ({"isEnabled": NOT_KNOWN}, {"isEnabled": False})),
        ("PUT", None, THING, None, (NOT_KNOWN, NOT_KNOWN)),
        ("POST", {"name": "Shop"}, None, THING, (None, {"id": "3", "slug": "shop", "name": "Shop"})),
        ("POST", None, None, THING, (None, {"id": "3", "slug": "shop", "name": "Shop"})),
        ("DELETE", None, THING, None, ({"id": "3", "slug": "shop", "name": "Shop"}, None)),
        ("DELETE", None, None, None, (NOT_KNOWN, None)),
    ],
)
def test_of_anything_else(method: str, asked: Any, before: Json | None, answer: Any, expected: tuple[Any, Any]) -> None:
    """The fields that the change names; of what came or went, what it is called."""
    assert thing_values(method, asked, before, answer) == expected


def test_a_change_of_which_nobody_knows_whether_it_was_made_leads_to_nothing_that_is_known() -> None:
    """A time-out proves neither."""
    values = issue_values({"priority": "low"}, BEFORE, None)
    assert in_doubt(values) == ({"priority": "high"}, {"priority": NOT_KNOWN})
