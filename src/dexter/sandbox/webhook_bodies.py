"""What Sentry tells an app of a change: the resource, the action, and the body's `data`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.activity import users_by_id
from dexter.sandbox.serialize.event import whole_event
from dexter.sandbox.serialize.issue import View, serialize_issues
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from dexter.sandbox.database import Database
    from dexter.sandbox.webhook_witness import Noticed

Json = dict[str, Any]

RULE = "Send a notification for high priority issues"
"""The one alert rule there is, which Sentry gives to every new project."""
SENTRY: Json = {"type": "application", "id": "sentry", "name": "Sentry"}
_RESOLUTIONS = {"set_resolved": "now", "set_resolved_in_commit": "in_commit"}
_COMMENTS = {"note": "created", "note_edited": "updated", "note_deleted": "deleted"}


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: a resource, what happened to it, what is said of it, and who did it."""

    resource: str
    action: str
    data: Json
    actor: Json


def messages(db: Database, noticed: Noticed, base_url: str) -> list[Message]:
    """Give what apps are told of a change; some changes they are not told of."""
    issue = db.one("SELECT * FROM issues WHERE id = ?", noticed.issue_id)
    if issue is None:
        return []
    told = _TELLERS.get(noticed.kind)
    return [] if told is None else told(_Change(db, noticed, issue, base_url))


@dataclass(frozen=True, slots=True)
class _Change:
    """A change with what is said of it looked up."""

    db: Database
    noticed: Noticed
    issue: sqlite3.Row
    base_url: str

    def actor(self) -> Json:
        """Give who did it: a user, or Sentry itself."""
        user = users_by_id(self.db, (self.noticed.user_id,)).get(self.noticed.user_id)
        return SENTRY if user is None else {"type": "user", "id": user["id"], "name": user["name"]}

    def about(self, resource: str, action: str, data: Mapping[str, Any]) -> Message:
        """Give a message of this change."""
        return Message(resource, action, dict(data), self.actor())

    def place(self) -> tuple[str, str]:
        """Give the slugs of the organization and of the project."""
        row = self.db.one(
            "SELECT o.slug AS organization, p.slug AS project FROM projects p"
            " JOIN organizations o ON o.id = p.organization_id WHERE p.id = ?",
            self.issue["project_id"],
        )
        assert row is not None  # noqa: S101 - an issue has a project
        return row["organization"], row["project"]

    def issue_json(self) -> Json:
        """Give the issue as it is now, with its addresses."""
        organization, project = self.place()
        (shown,) = serialize_issues(self.db, [self.issue], View(None, self.base_url, organization))
        own = f"{self.base_url}/api/0/organizations/{organization}/issues/{self.issue['id']}/"
        return {
            **shown,
            "url": own,
            "web_url": f"{self.base_url}/organizations/{organization}/issues/{self.issue['id']}/",
            "project_url": f"{self.base_url}/organizations/{organization}/issues/?project={project}",
        }

    def event_json(self) -> Json | None:
        """Give the event, with the addresses that lead from it; None once it is gone."""
        row = self.db.one("SELECT * FROM events WHERE id = ?", self.noticed.subject_id)
        if row is None:
            return None
        organization, project = self.place()
        issues = f"{self.base_url}/api/0/organizations/{organization}/issues/{self.issue['id']}/"
        event = f"{row['event_id']}/"
        return {
            **whole_event(row),
            "event_id": row["event_id"],
            "project": row["project_id"],
            "issue_id": str(row["issue_id"]),
            "issue_url": issues,
            "url": f"{self.base_url}/api/0/projects/{organization}/{project}/events/{event}",
            "web_url": f"{self.base_url}/organizations/{organization}/issues/{self.issue['id']}/events/{event}",
        }


def _born(change: _Change) -> list[Message]:
    return [change.about("issue", "created", {"issue": change.issue_json()})]


def _resolved(change: _Change) -> list[Message]:
    kind, said = change.noticed.kind, change.noticed.data
    later = "in_next_release" if said.get("inNextRelease") or said.get("inUpcomingRelease") else "in_release"
    how = _RESOLUTIONS.get(kind, later)
    return [change.about("issue", "resolved", {"issue": change.issue_json(), "resolution_type": how})]


def _archived(change: _Change) -> list[Message]:
    issue = change.issue_json()
    # Newer and older apps listen to different words.
    return [change.about("issue", action, {"issue": issue}) for action in ("ignored", "archived")]


def _unresolved(change: _Change) -> list[Message]:
    return [change.about("issue", "unresolved", {"issue": change.issue_json()})]


def _assigned(change: _Change) -> list[Message]:
    said = change.noticed.data
    assignee = {"type": said["assigneeType"], "id": said["assignee"], "name": said["assigneeName"]}
    if said.get("assigneeEmail"):
        assignee["email"] = said["assigneeEmail"]
    return [change.about("issue", "assigned", {"issue": change.issue_json(), "assignee": assignee})]


def _commented(change: _Change) -> list[Message]:
    _, project = change.place()
    data = {
        "comment_id": change.noticed.subject_id,
        "issue_id": change.issue["id"],
        "project_slug": project,
        "timestamp": iso(change.db.now()),
        "comment": change.noticed.data.get("text", ""),
    }
    return [change.about("comment", _COMMENTS[change.noticed.kind], data)]


def _met(change: _Change) -> list[Message]:
    event = change.event_json()
    if event is None:
        return []
    told = [change.about("error", "created", {"error": event})]
    if change.issue["times_seen"] == 1 and change.issue["priority"] == "high":
        alert = {"event": event, "triggered_rule": RULE, "issue_alert": {"title": RULE, "settings": []}}
        told.append(change.about("event_alert", "triggered", alert))
    return told


_TELLERS: Mapping[str, Callable[[_Change], list[Message]]] = {
    "first_seen": _born,
    "set_resolved": _resolved,
    "set_resolved_in_commit": _resolved,
    "set_resolved_in_release": _resolved,
    "set_ignored": _archived,
    "set_unresolved": _unresolved,
    "set_regression": _unresolved,
    "set_escalating": _unresolved,
    "assigned": _assigned,
    **dict.fromkeys(_COMMENTS, _commented),
    "event": _met,
}
"""Who says what of which change. Priorities, merges, deletions and removed assignees go untold, as in Sentry."""
