"""Changing an issue: Dexter's words for it, and Sentry's."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dexter.features.issue_update import IssueUpdate, sentry_body

ARCHIVED = {"status": "ignored"}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"status": "unresolved"}, {"status": "unresolved"}),
        ({"status": "resolved"}, {"status": "resolved"}),
        ({"status": "resolved", "resolve": {"mode": "now"}}, {"status": "resolved"}),
        (
            {"status": "resolved", "resolve": {"mode": "next_release"}},
            {"status": "resolved", "statusDetails": {"inNextRelease": True}},
        ),
        (
            {"status": "resolved", "resolve": {"mode": "release", "release": "shop@1.2"}},
            {"status": "resolved", "statusDetails": {"inRelease": "shop@1.2"}},
        ),
        (
            {"status": "resolved", "resolve": {"mode": "commit", "commit": "abc", "repository": "acme/shop"}},
            {"status": "resolved", "statusDetails": {"inCommit": {"commit": "abc", "repository": "acme/shop"}}},
        ),
        ({"status": "archived"}, ARCHIVED | {"statusDetails": {}, "substatus": "archived_until_escalating"}),
        (
            {"status": "archived", "archive": {"mode": "forever"}},
            ARCHIVED | {"statusDetails": {}, "substatus": "archived_forever"},
        ),
        (
            {"status": "archived", "archive": {"mode": "for_duration", "duration_minutes": 30}},
            ARCHIVED | {"statusDetails": {"ignoreDuration": 30}, "substatus": "archived_until_condition_met"},
        ),
        (
            {"status": "archived", "archive": {"mode": "until_count", "count": 10}},
            ARCHIVED | {"statusDetails": {"ignoreCount": 10}, "substatus": "archived_until_condition_met"},
        ),
        (
            {"status": "archived", "archive": {"mode": "until_count", "count": 10, "window_minutes": 60}},
            ARCHIVED
            | {
                "statusDetails": {"ignoreCount": 10, "ignoreWindow": 60},
                "substatus": "archived_until_condition_met",
            },
        ),
        (
            {"status": "archived", "archive": {"mode": "until_users", "users": 5, "window_minutes": 10_080}},
            ARCHIVED
            | {
                "statusDetails": {"ignoreUserCount": 5, "ignoreUserWindow": 10_080},
                "substatus": "archived_until_condition_met",
            },
        ),
        ({"assignee": "team:2"}, {"assignedTo": "team:2"}),
        ({"assignee": None}, {"assignedTo": ""}),
        ({"priority": "high"}, {"priority": "high"}),
        (
            {"seen": True, "bookmark": False, "subscribed": True},
            {"hasSeen": True, "isBookmarked": False, "isSubscribed": True},
        ),
        (
            {"status": "resolved", "assignee": "olive@example.com"},
            {"status": "resolved", "assignedTo": "olive@example.com"},
        ),
    ],
)
def test_dexters_words_become_sentrys(asked: dict[str, Any], sent: dict[str, Any]) -> None:
    """Nothing but what was asked for may change, so nothing else may be sent."""
    update = IssueUpdate.model_validate(asked)
    assert sentry_body(update, update.assignee) == sent


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"status": "muted"},
        {"seen": "yes"},
        {"bookmark": 1},
        {"statuss": "resolved"},
        {"status": "resolved", "resolve": {"mode": "release"}},
        {"status": "resolved", "resolve": {"mode": "commit", "commit": "abc"}},
        {"status": "resolved", "resolve": {"mode": "now", "release": "1"}},
        {"status": "unresolved", "resolve": {"mode": "now"}},
        {"resolve": {"mode": "now"}},
        {"archive": {"mode": "forever"}},
        {"status": "resolved", "archive": {"mode": "forever"}},
        {"status": "archived", "archive": {"mode": "for_duration"}},
        {"status": "archived", "archive": {"mode": "for_duration", "duration_minutes": 0}},
        {"status": "archived", "archive": {"mode": "for_duration", "duration_minutes": "30"}},
        {"status": "archived", "archive": {"mode": "for_duration", "duration_minutes": True}},
        {"status": "archived", "archive": {"mode": "until_count"}},
        {"status": "archived", "archive": {"mode": "until_count", "count": 1, "users": 1}},
        {"status": "archived", "archive": {"mode": "until_count", "count": 1, "window_minutes": 10_081}},
        {"status": "archived", "archive": {"mode": "forever", "window_minutes": 5}},
        {"assignee": ""},
        {"assignee": "two words"},
        {"assignee": 1},
        {"priority": "urgent"},
        {"priority": None},
        {"seen": "maybe"},
        {"merge": True},
        {"discard": True},
    ],
)
def test_what_contradicts_itself_or_means_nothing_is_refused(asked: dict[str, Any]) -> None:
    """Sentry would pass over some of these, and the person would believe it done."""
    with pytest.raises(ValidationError):
        IssueUpdate.model_validate(asked)
