"""Carries a checked update out on issues and gives back what changed, as Sentry's bulk answer says it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.activity_log import record_activity
from dexter.sandbox.issue_assignment import Assignee, demand_access, find_assignee, is_project_member
from dexter.sandbox.issue_merge import accept_merge
from dexter.sandbox.issue_resolution import resolution_details
from dexter.sandbox.pending_work import do_or_defer
from dexter.sandbox.replies import SentryError, invalid
from dexter.sandbox.search_index import written
from dexter.sandbox.serialize.issue import assigned_team, assigned_user
from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.user import user_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from dexter.sandbox.database import Database
    from dexter.sandbox.issue_changes import Changes

Json = dict[str, Any]

NO_MERGE_ACROSS = "Merging across multiple projects is not supported"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, where and when; `user_id` None stands for an integration."""

    db: Database
    now: float
    lag_s: float
    user_id: int | None
    organization_id: int

    def record(self, issue_id: int, kind: str, data: Mapping[str, Any]) -> None:
        """Write down what the writer did to an issue."""
        record_activity(self.db, issue_id, self.user_id, kind, data, self.now)

    def actor(self) -> Json | None:
        """Give the writer as a user, None for an integration."""
        row = None if self.user_id is None else self.db.one("SELECT * FROM users WHERE id = ?", self.user_id)
        return None if row is None else user_json(row)


def apply_changes(writer: Writer, issues: Sequence[sqlite3.Row], changes: Changes) -> Json:
    """Change the issues, all or none of them; give the fields that were set.

    Raises InvalidChanges or SentryError before anything is written.
    """
    given = changes.given
    projects = [issue["project_id"] for issue in issues]
    assignee = _assignee(writer, changes, projects)
    resolution: Json = {}
    if changes.status == "resolved":
        resolution = resolution_details(writer.db, changes, projects, writer.organization_id)
    if given.get("merge"):
        _demand_mergeable(issues)
    result: Json = {name: value for name, value in given.items() if name not in _ANSWERED_OTHERWISE}
    with writer.db.transaction():
        if changes.status is not None:
            result.update(_set_status(writer, issues, changes, resolution))
        if assignee is not None:
            result["assignedTo"] = _assign(writer, issues, assignee)
        if "priority" in given:
            _set_priority(writer, issues, given["priority"])
        _set_personal(writer, issues, changes, result)
        if "isPublic" in given:
            _share(writer, issues, is_public=given["isPublic"], result=result)
        if "inbox" in given:
            _review(writer, issues, awaiting=given["inbox"])
        written(writer.db, [issue["id"] for issue in issues], writer.now, writer.lag_s)
        if given.get("merge"):
            result["merge"] = _merge(writer, issues)
    return result


_ANSWERED_OTHERWISE = ("statusDetails", "assignedTo", "merge", "discard")


def _assignee(writer: Writer, changes: Changes, projects: Sequence[int]) -> Assignee | None:
    if "assignedTo" not in changes.given:
        return None
    assignee = find_assignee(writer.db, writer.organization_id, changes.given["assignedTo"])
    demand_access(writer.db, assignee, dict.fromkeys(projects))
    return assignee


def _demand_mergeable(issues: Sequence[sqlite3.Row]) -> None:
    if len(issues) < 2:
        raise invalid("Merging requires at least two issues")
    if len({issue["project_id"] for issue in issues}) > 1:
        # Sentry says this with status 200.
        raise SentryError(200, {"detail": NO_MERGE_ACROSS})


def _merge(writer: Writer, issues: Sequence[sqlite3.Row]) -> Json:
    merge = accept_merge(writer.db, issues, writer.user_id, writer.now)
    payload = {"parent": merge.parent, "children": merge.children}
    do_or_defer(writer.db, "merge", payload, writer.now, writer.lag_s)
    return {"parent": str(merge.parent), "children": [str(child) for child in merge.children]}


def _set_status(writer: Writer, issues: Sequence[sqlite3.Row], changes: Changes, resolution: Json) -> Json:
    match changes.status:
        case "resolved":
            return _resolve(writer, issues, changes, resolution)
        case "ignored":
            return _archive(writer, issues, changes)
        case _:
            return _unresolve(writer, issues, changes)


def _resolve(writer: Writer, issues: Sequence[sqlite3.Row], changes: Changes, resolution: Json) -> Json:
    details = {**resolution, "actor": writer.actor()} if resolution and writer.user_id is not None else resolution
    for issue in issues:
        if issue["status"] == "resolved" and not resolution:
            continue
        _write_status(writer, issue["id"], "resolved", None, details)
        writer.db.run("UPDATE issues SET resolved_at = ? WHERE id = ?", writer.now, issue["id"])
        writer.record(issue["id"], *_resolved_activity(changes, resolution))
        if writer.user_id is not None:
            subscribe(writer.db, issue["id"], writer.user_id)
    return {"status": "resolved", "statusDetails": details, "substatus": None}


def _resolved_activity(changes: Changes, resolution: Json) -> tuple[str, Json]:
    match changes.resolution:
        case "inCommit":
            return "set_resolved_in_commit", {"commit": resolution["inCommit"]}
        case "inRelease":
            return "set_resolved_in_release", {"version": resolution["inRelease"]}
        case "inNextRelease" | "inUpcomingRelease":
            return "set_resolved_in_release", {"version": "", changes.resolution: True}
        case _:
            return "set_resolved", {}


def _archive(writer: Writer, issues: Sequence[sqlite3.Row], changes: Changes) -> Json:
    conditions, substatus = changes.conditions, changes.substatus
    details: Json = {name: value for name, value in conditions.items() if name != "ignoreDuration"}
    if "ignoreDuration" in conditions:
        details["ignoreUntil"] = iso(writer.now + conditions["ignoreDuration"] * 60)
    if details and writer.user_id is not None:
        details["actor"] = writer.actor()
    for issue in issues:
        if issue["status"] == "ignored" and issue["substatus"] == substatus and not conditions:
            continue
        start = {"times_seen": issue["times_seen"], "users_seen": issue["users_seen"]}
        _write_status(writer, issue["id"], "ignored", substatus, {**details, "_from": start})
        writer.record(issue["id"], "set_ignored", _archive_activity(details, conditions, substatus))
    return {"status": "ignored", "statusDetails": details, "substatus": substatus}


def _archive_activity(details: Json, conditions: Mapping[str, int], substatus: str | None) -> Json:
    return {
        "ignoreCount": conditions.get("ignoreCount"),
        "ignoreDuration": conditions.get("ignoreDuration"),
        "ignoreUntil": details.get("ignoreUntil"),
        "ignoreUserCount": conditions.get("ignoreUserCount"),
        "ignoreUserWindow": conditions.get("ignoreUserWindow"),
        "ignoreWindow": conditions.get("ignoreWindow"),
        "ignoreUntilEscalating": substatus == "archived_until_escalating",
    }


def _unresolve(writer: Writer, issues: Sequence[sqlite3.Row], changes: Changes) -> Json:
    substatus = changes.substatus or "ongoing"
    for issue in issues:
        if issue["status"] == "unresolved" and (changes.substatus in (None, issue["substatus"])):
            continue
        _write_status(writer, issue["id"], "unresolved", substatus, {})
        if issue["status"] != "unresolved":
            writer.record(issue["id"], "set_unresolved", {})
    return {"status": "unresolved", "statusDetails": {}, "substatus": substatus}


def _write_status(writer: Writer, issue_id: int, status: str, substatus: str | None, details: Json) -> None:
    writer.db.run(
        "UPDATE issues SET status = ?, substatus = ?, status_details_json = ?,"
        " in_review = CASE WHEN ? = 'unresolved' THEN in_review ELSE 0 END,"
        " resolved_at = CASE WHEN ? = 'resolved' THEN resolved_at END WHERE id = ?",
        status, substatus, msgspec.json.encode(details).decode(), status, status, issue_id,
    )  # fmt: skip


def _assign(writer: Writer, issues: Sequence[sqlite3.Row], assignee: Assignee) -> Json | None:
    user, team = assignee.user, assignee.team
    shown = assigned_user(user) if user is not None else assigned_team(team) if team is not None else None
    user_id, team_id = user["id"] if user is not None else None, team["id"] if team is not None else None
    for issue in issues:
        if (issue["assigned_user_id"], issue["assigned_team_id"]) == (user_id, team_id):
            continue
        writer.db.run(
            "UPDATE issues SET assigned_user_id = ?, assigned_team_id = ? WHERE id = ?", user_id, team_id, issue["id"]
        )
        if shown is None:
            writer.record(issue["id"], "unassigned", {})
            continue
        if user_id is not None:
            subscribe(writer.db, issue["id"], user_id)
        data = {"assignee": shown["id"], "assigneeName": shown["name"], "assigneeType": shown["type"]}
        writer.record(issue["id"], "assigned", {**data, "assigneeEmail": shown.get("email")})
    return shown


def _set_priority(writer: Writer, issues: Sequence[sqlite3.Row], priority: str) -> None:
    for issue in issues:
        if issue["priority"] == priority:
            continue
        writer.db.run(
            "UPDATE issues SET priority = ?, priority_locked_at = ? WHERE id = ?", priority, writer.now, issue["id"]
        )
        writer.record(issue["id"], "set_priority", {"priority": priority, "reason": None})


def _set_personal(writer: Writer, issues: Sequence[sqlite3.Row], changes: Changes, result: Json) -> None:
    """Set what is the writer's own: seen, bookmarked, subscribed. An integration has none of it."""
    if writer.user_id is None:
        return
    given = changes.given
    for issue in issues:
        # Only who is in one of the project's teams can have seen its issues.
        if "hasSeen" in given and is_project_member(writer.db, writer.user_id, issue["project_id"]):
            _set_state(writer.db, issue["id"], writer.user_id, "seen_at", writer.now if given["hasSeen"] else None)
        if "isBookmarked" in given:
            _set_state(writer.db, issue["id"], writer.user_id, "is_bookmarked", int(given["isBookmarked"]))
            if given["isBookmarked"]:
                subscribe(writer.db, issue["id"], writer.user_id)
        if "isSubscribed" in given:
            _set_state(writer.db, issue["id"], writer.user_id, "is_subscribed", int(given["isSubscribed"]))
    if "isSubscribed" in given:
        result["subscriptionDetails"] = {"reason": "unknown"}


_STATE_COLUMNS = frozenset({"seen_at", "is_bookmarked", "is_subscribed"})


def _set_state(db: Database, issue_id: int, user_id: int, column: str, value: float | None) -> None:
    assert column in _STATE_COLUMNS  # noqa: S101 - never from outside
    db.run(
        f"INSERT INTO issue_user_state (issue_id, user_id, {column}) VALUES (?,?,?)"  # noqa: S608
        f" ON CONFLICT (issue_id, user_id) DO UPDATE SET {column} = excluded.{column}",
        issue_id, user_id, value,
    )  # fmt: skip


def subscribe(db: Database, issue_id: int, user_id: int) -> None:
    """Subscribe who takes part in an issue, unless they have decided about it themselves."""
    db.run(
        "INSERT INTO issue_user_state (issue_id, user_id, is_subscribed) VALUES (?,?,1)"
        " ON CONFLICT (issue_id, user_id) DO UPDATE SET is_subscribed = COALESCE(is_subscribed, 1)",
        issue_id, user_id,
    )  # fmt: skip


def _share(writer: Writer, issues: Sequence[sqlite3.Row], *, is_public: bool, result: Json) -> None:
    for issue in issues:
        if bool(issue["is_public"]) == is_public:
            if is_public:
                result["shareId"] = issue["share_id"]
            continue
        share_id = secrets.token_hex(16) if is_public else None
        writer.db.run("UPDATE issues SET is_public = ?, share_id = ? WHERE id = ?", is_public, share_id, issue["id"])
        writer.record(issue["id"], "set_public" if is_public else "set_private", {})
        if share_id is not None:
            result["shareId"] = share_id


def _review(writer: Writer, issues: Sequence[sqlite3.Row], *, awaiting: bool) -> None:
    for issue in issues:
        if bool(issue["in_review"]) == awaiting:
            continue
        writer.db.run("UPDATE issues SET in_review = ? WHERE id = ?", awaiting, issue["id"])
        if not awaiting:
            writer.record(issue["id"], "mark_reviewed", {})
