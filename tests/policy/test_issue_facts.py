"""What a record of Sentry's says of an issue, and whether one that nobody knew is new."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dexter.policy.issue_facts import is_new, issue_facts

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


def test_a_list_that_counts_a_while_says_beside_it_what_an_issue_has_had_in_all() -> None:
    """Two readings that count differently must not take turns in telling of changes."""
    lifetime = {"count": "900", "userCount": 40, "lastSeen": "2026-11-24T12:00:00Z"}
    facts = issue_facts({"count": "3", "userCount": 2, "lastSeen": "2026-11-24T11:00:00Z", "lifetime": lifetime})
    assert (facts.count, facts.user_count, facts.last_seen) == (900, 40, "2026-11-24T12:00:00Z")
    assert issue_facts({"count": "3", "lifetime": None}).count == 3


@pytest.mark.parametrize(
    ("record", "newest", "expected"),
    [
        ({"firstSeen": "2026-11-24T12:00:01Z"}, None, True),
        ({"firstSeen": "2026-11-24T11:59:59Z"}, None, False),
        ({"firstSeen": "2026-11-24T11:59:59Z"}, 6, True),
        ({"firstSeen": "2026-11-24T11:59:59Z"}, 7, False),
        ({"firstSeen": "2026-11-24T12:09:00Z", "lifetime": {"firstSeen": "2026-11-20T12:00:00Z"}}, None, False),
        ({"firstSeen": "yesterday"}, None, False),
        ({"firstSeen": None}, None, False),
        ({}, None, False),
    ],
)
def test_an_issue_is_new_by_when_it_was_first_seen_or_by_its_number(
    record: dict[str, Any], newest: int | None, expected: bool
) -> None:
    """Clients' clocks go wrong, and search lags behind: neither alone tells."""
    assert is_new({"id": "7", **record}, NOON, newest) is expected
