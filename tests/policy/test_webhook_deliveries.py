"""What each of Sentry's deliveries says, and that nothing of an unknown form is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.issue_feed import IssueFacts
from dexter.policy.webhook_deliveries import LEGACY_PLUGIN, RESOURCES, SERVICE_HOOK, Delivery, read_delivery

ISSUE = {
    "id": "7", "shortId": "SHOP-7", "title": "Oops", "status": "unresolved", "substatus": "new", "priority": "high",
    "project": {"slug": "shop"}, "assignedTo": None, "count": "3", "userCount": 2, "numComments": 0,
    "lastSeen": "2026-11-24T10:00:00Z",
}  # fmt: skip
ACTOR = {"type": "user", "id": 3, "name": "Ada"}


def delivered(resource: str, action: str, **data: Any) -> Delivery:
    return read_delivery(resource, {"action": action, "data": data, "actor": ACTOR}, 9.0)


def test_a_created_issue_is_born_with_its_facts() -> None:
    told = delivered("issue", "created", issue=ISSUE).told
    assert told is not None
    assert (told.name.id, told.name.short_id, told.name.project) == ("7", "SHOP-7", "shop")
    assert told.seen.born
    assert told.seen.facts.status == "unresolved"
    assert told.seen.facts.assignee == ""


@pytest.mark.parametrize(
    ("action", "status"),
    [("resolved", "resolved"), ("archived", "ignored"), ("ignored", "ignored"), ("unresolved", "unresolved")],
)
def test_the_action_says_more_than_a_record_of_a_moment_before(action: str, status: str) -> None:
    record = {**ISSUE, "status": "resolved" if status != "resolved" else "unresolved"}
    told = delivered("issue", action, issue=record).told
    assert told is not None
    assert told.seen.facts == IssueFacts(status=status)


def test_an_assignment_names_whom() -> None:
    told = delivered("issue", "assigned", issue=ISSUE, assignee={"type": "user", "id": 5, "name": "Bob"}).told
    assert told is not None
    assert told.seen.facts.assignee == "user:5"


def test_an_error_and_a_comment_only_ask_for_a_reading() -> None:
    error = delivered("error", "created", error={"issue_id": "7", "title": "Oops"})
    address = delivered("error", "created", error={"issue_url": "https://sentry.io/api/0/issues/8/"})
    comment = delivered("comment", "created", issue_id=9, project_slug="shop", comment="hi", comment_id=1)
    assert [each.readings[0].id for each in (error, address, comment)] == ["7", "8", "9"]
    assert comment.readings[0].project == "shop"


def test_alerts_say_whether_they_went_off_or_are_over() -> None:
    rule = delivered("event_alert", "triggered", event={"issue_id": "7", "web_url": "u"}, triggered_rule="Too many")
    assert rule.alert is not None
    assert (rule.alert.title, rule.alert.kind, rule.alert.is_resolved) == ("Too many", "issue", False)
    metric = delivered("metric_alert", "resolved", metric_alert={"title": "p95", "projects": ["shop"]})
    assert metric.alert is not None
    assert (metric.alert.title, metric.alert.kind, metric.alert.is_resolved) == ("p95", "metric", True)


@pytest.mark.parametrize("resource", [*RESOURCES, "seer", "preprod_artifact", ""])
def test_an_action_nobody_knows_says_nothing(resource: str) -> None:
    assert delivered(resource, "exploded", issue=ISSUE) == Delivery(is_known=False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ISSUE, "issue", "error"]), inner),
    max_leaves=12,
)


@given(resource=st.sampled_from(list(RESOURCES)), data=JSON, actor=JSON, choose=st.integers(0, 9))
def test_rubbish_of_any_shape_is_read_without_an_error(resource: str, data: Any, actor: Any, choose: int) -> None:
    """It is signed, and still only what somebody's Sentry sends."""
    actions = sorted(RESOURCES[resource])
    body = {"action": actions[choose % len(actions)], "data": data, "actor": actor}
    assert isinstance(read_delivery(resource, body, 1.0), Delivery)


@pytest.mark.parametrize(
    ("body", "issues"), [({"group": {"id": 7}}, ["7"]), ({"group": {"id": "x"}}, []), ({"group": 7}, []), ({}, [])]
)
def test_a_service_hook_only_says_where_to_look(body: dict[str, Any], issues: list[str]) -> None:
    """It is older than the integration platform, and names neither resource nor action."""
    delivery = read_delivery(SERVICE_HOOK, body, 9.0)
    assert [name.id for name in delivery.readings] == issues
    assert delivery.is_known is bool(issues)


@pytest.mark.parametrize("body", [{"id": "7"}, {"id": 7}, {"id": "7", "level": "fatal", "event": {"id": "x"}}])
def test_an_unsigned_post_only_asks_for_a_reading(body: dict[str, Any]) -> None:
    """Whatever else it claims, anybody could have written it."""
    delivery = read_delivery(LEGACY_PLUGIN, body, 9.0)
    assert [each.id for each in delivery.readings] == ["7"]
    assert (delivery.told, delivery.alert, delivery.actor) == (None, None, None)


def test_an_unsigned_post_that_names_no_issue_says_nothing() -> None:
    assert read_delivery(LEGACY_PLUGIN, {"id": "../7"}, 9.0) == Delivery(is_known=False)
