"""What a delivery of Sentry's webhooks says: of which issue, and what; or that an alert went off.

Sentry keeps no order, tells some changes twice in other words and some not at all. So a delivery is read for what it
states and nothing more; where it states too little, the issue is to be read (`readings`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dexter.policy.issue_facts import IssueName, assignee, issue_facts, issue_name
from dexter.policy.issue_feed import IssueFacts, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE_HOOK = "servicehook"
"""The resource under which deliveries of service hooks are kept, which name none."""
LEGACY_PLUGIN = "legacyplugin"
"""The resource under which the unsigned posts of Sentry's old plugin are kept: only the number of their issue."""

RESOURCES: Mapping[str, frozenset[str]] = {
    "issue": frozenset({"created", "resolved", "assigned", "archived", "ignored", "unresolved"}),
    "error": frozenset({"created"}),
    "comment": frozenset({"created", "updated", "deleted"}),
    "event_alert": frozenset({"triggered"}),
    "metric_alert": frozenset({"critical", "warning", "resolved", "open"}),
    "installation": frozenset({"created", "deleted"}),
}
"""The resources that mean something here, with their actions. Others are stored and counted, and say nothing."""

_STATUS_OF = {"resolved": "resolved", "archived": "ignored", "ignored": "ignored", "unresolved": "unresolved"}
_ISSUE_IN_ADDRESS = re.compile(r"/issues/(\d+)/?")


@dataclass(frozen=True, slots=True)
class Told:
    """What a delivery says of one issue."""

    name: IssueName
    seen: Seen


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that was triggered or resolved."""

    is_resolved: bool
    title: str
    kind: str
    """`issue` or `metric`."""
    level: str
    """`critical`, `warning` or `triggered`."""
    issue: IssueName | None
    project: str
    address: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, as Sentry says: a user or an application."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery says, all together."""

    actor: Actor | None = None
    told: Told | None = None
    alert: Alert | None = None
    readings: tuple[IssueName, ...] = ()
    """Issues of which it only says that something happened."""
    comment: str | None = None
    """The number of the comment that was written, if one was."""
    is_known: bool = True
    """Whether its resource and action mean something here."""


def read_delivery(resource: str, body: Mapping[str, Any], at: float) -> Delivery:
    """Give what a delivery says that was sent at the epoch second `at`. Nothing of an unknown form is believed."""
    if resource == SERVICE_HOOK:
        return _service_hook(body)
    if resource == LEGACY_PLUGIN:
        name = issue_name(body)
        return Delivery(readings=_named(name), is_known=name is not None)
    action, data = body.get("action"), body.get("data")
    if not isinstance(data, dict) or not isinstance(action, str) or action not in RESOURCES.get(resource, ()):
        return Delivery(is_known=False)
    actor = _actor(body.get("actor"))
    match resource:
        case "issue":
            return Delivery(actor, told=_issue(action, data, at))
        case "error":
            return Delivery(actor, readings=_named(_error(data)))
        case "comment":
            return Delivery(actor, readings=_named(_commented(data)), comment=_written(action, data))
        case "event_alert":
            return _event_alert(actor, data)
        case "metric_alert":
            return Delivery(actor, alert=_metric_alert(action, data))
        case _:
            return Delivery(actor)


def _service_hook(body: Mapping[str, Any]) -> Delivery:
    """Give what a service hook says: in which issue something happened. What, Sentry is to be asked."""
    group = body.get("group")
    name = issue_name(group) if isinstance(group, dict) else None
    return Delivery(readings=_named(name), is_known=name is not None)


def _issue(action: str, data: Mapping[str, Any], at: float) -> Told | None:
    record = data.get("issue")
    name = issue_name(record) if isinstance(record, dict) else None
    if name is None or not isinstance(record, dict):
        return None
    facts = issue_facts(record)
    if action in _STATUS_OF and facts.status != _STATUS_OF[action]:
        # The record was written a moment before or after what the action says.
        facts = IssueFacts(status=_STATUS_OF[action])
    if action == "assigned" and isinstance(data.get("assignee"), dict):
        facts = replace(facts, assignee=assignee(data["assignee"]) or facts.assignee)
    said = {"assignee"} if action == "assigned" else {"status"} if action in _STATUS_OF else set()
    return Told(name, Seen(facts, at, born=action == "created", said=frozenset(said)))


def _error(data: Mapping[str, Any]) -> IssueName | None:
    record = data.get("error")
    if not isinstance(record, dict):
        return None
    number = record.get("issue_id") or _number_in(record.get("issue_url"))
    return issue_name({"id": number, "title": record.get("title")})


def _commented(data: Mapping[str, Any]) -> IssueName | None:
    name = issue_name({"id": data.get("issue_id")})
    slug = data.get("project_slug")
    return None if name is None else replace(name, project=slug if isinstance(slug, str) else "")


def _written(action: str, data: Mapping[str, Any]) -> str | None:
    number = data.get("comment_id")
    return str(number) if action == "created" and isinstance(number, str | int) and str(number).isdigit() else None


def _event_alert(actor: Actor | None, data: Mapping[str, Any]) -> Delivery:
    event = data.get("event")
    event = event if isinstance(event, dict) else {}
    issue = _error({"error": event})
    rule = data.get("triggered_rule")
    alert = Alert(
        is_resolved=False,
        title=rule if isinstance(rule, str) else "",
        kind="issue",
        level="triggered",
        issue=issue,
        project="",
        address=_text(event.get("web_url")),
    )
    return Delivery(actor, alert=alert, readings=_named(issue))


def _metric_alert(action: str, data: Mapping[str, Any]) -> Alert:
    record = data.get("metric_alert")
    record = record if isinstance(record, dict) else {}
    projects = record.get("projects")
    project = projects[0] if isinstance(projects, list) and len(projects) == 1 else ""
    return Alert(
        is_resolved=action == "resolved",
        title=_text(data.get("description_title")) or _text(record.get("title")),
        kind="metric",
        level="triggered" if action == "open" else action,
        issue=None,
        project=_text(project),
        address=_text(data.get("web_url")),
    )


def _actor(record: Any) -> Actor | None:
    if not isinstance(record, dict) or record.get("type") not in ("user", "application"):
        return None
    return Actor(record["type"], str(record.get("id", ""))[:64], _text(record.get("name"))[:200])


def _named(name: IssueName | None) -> tuple[IssueName, ...]:
    return () if name is None else (name,)


def _number_in(address: Any) -> str | None:
    found = _ISSUE_IN_ADDRESS.search(address) if isinstance(address, str) else None
    return None if found is None else found[1]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
