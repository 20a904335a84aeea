"""Issues as Sentry's JSON: the base that every view shares, and what the list adds to it."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.external_links import annotation_json, link_json, links_of
from dexter.sandbox.issue_owners import suggested
from dexter.sandbox.search.filtered import Part, parts
from dexter.sandbox.search.short_id import format_short_id
from dexter.sandbox.search.time_range import TimeRange
from dexter.sandbox.serialize.issue_counts import Seen, load_seen, load_series, period_buckets
from dexter.sandbox.serialize.moment import iso, iso_or_none

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from dexter.sandbox.database import Database
    from dexter.sandbox.search.issue_query import KeyTerm
    from dexter.sandbox.serialize.issue_counts import Points

Json = dict[str, Any]

INBOX_REASONS = {"new": 0, "regressed": 2, "escalating": 5, "ongoing": 6}
COUNT_FIELDS = ("count", "userCount", "firstSeen", "lastSeen")


@dataclass(frozen=True, slots=True)
class View:
    """For whom issues are shown and at which address their pages stand."""

    user_id: int | None
    base_url: str
    organization_slug: str


@dataclass(frozen=True, slots=True)
class ListView:
    """What an issue list was asked to show."""

    now: float
    time: TimeRange
    environments: tuple[str, ...] = ()
    stats_period: str = "24h"
    expand: frozenset[str] = frozenset()
    collapse: frozenset[str] = frozenset()
    tags: tuple[KeyTerm, ...] = ()
    """The terms of the search that are about events."""


def load_rows(db: Database, ids: Sequence[int]) -> list[sqlite3.Row]:
    """Give the rows of the issues that exist, in the order of the ids."""
    found = {row["id"]: row for row in db.all(f"SELECT * FROM issues WHERE id IN ({_marks(ids)})", *ids)}
    return [found[issue_id] for issue_id in ids if issue_id in found]


def serialize_issues(db: Database, rows: Sequence[sqlite3.Row], view: View) -> list[Json]:
    """Give the base JSON of every issue with its lifetime counts; one query a kind of neighbour, never one an issue."""
    if not rows:
        return []
    neighbours = _Neighbours(db, rows, view.user_id)
    return [_base(row, view, neighbours) for row in rows]


def serialize_list(db: Database, rows: Sequence[sqlite3.Row], view: View, wanted: ListView) -> list[Json]:
    """Give the issues as a list shows them: counts within the searched time, series, expansions, collapses."""
    if not rows:
        return []
    shown = serialize_issues(db, rows, view)
    ids = [row["id"] for row in rows]
    seen = load_seen(db, rows, wanted.time, wanted.environments)
    lifetime = load_seen(db, rows, TimeRange(0.0, float("inf")), wanted.environments)
    series = _series(db, ids, wanted)
    left = parts(db, ids, wanted.tags) if wanted.tags else {}
    owners = suggested(db, ids) if "owners" in wanted.expand else {}
    links = links_of(db, ids) if "sentryAppIssues" in wanted.expand else {}
    attached = has_attachments(db, ids) if "latestEventHasAttachments" in wanted.expand else set()
    for row, item in zip(rows, shown, strict=True):
        issue_id = row["id"]
        _collapse_base(item, wanted.collapse)
        for name in COUNT_FIELDS:
            item.pop(name, None)
        item.update(_counted(seen[issue_id], lifetime[issue_id], wanted))
        points = None if series is None else series[issue_id]
        if points is not None:
            item["stats"] = {wanted.stats_period: points}
        if issue_id in left and "filtered" in item:
            item["filtered"] = _filtered(seen[issue_id], points, left[issue_id], wanted.stats_period)
        item.update(_expanded(row, wanted.expand, issue_id in attached))
        if "owners" in wanted.expand:
            item["owners"] = owners.get(issue_id)
        if "sentryAppIssues" in wanted.expand:
            item["sentryAppIssues"] = [link_json(each) for each in links.get(issue_id, ())]
        item["matchingEventId"] = item["matchingEventEnvironment"] = None
    return shown


def _series(db: Database, ids: Sequence[int], wanted: ListView) -> dict[int, list[list[int]]] | None:
    if "stats" in wanted.collapse:
        return None
    buckets = period_buckets(wanted.stats_period, wanted.now, wanted.time)
    return None if buckets is None else load_series(db, ids, buckets, wanted.environments)


def _collapse_base(item: Json, collapse: frozenset[str]) -> None:
    if "base" in collapse:
        kept = {"id", "isUnhandled"}
        for name in [name for name in item if name not in kept]:
            del item[name]
    if "unhandled" in collapse:
        item.pop("isUnhandled", None)


def _counted(seen: Seen, lifetime: Seen, wanted: ListView) -> Json:
    # Clients depend on this oddity: collapsing the series or the lifetime takes the top-level counts along.
    if "stats" in wanted.collapse:
        return {}
    fields: Json = {} if "lifetime" in wanted.collapse else {**seen.fields(), "lifetime": lifetime.fields()}
    if "filtered" not in wanted.collapse:
        fields["filtered"] = None
    return fields


def _filtered(seen: Seen, points: Points | None, part: Part, period: str) -> Json:
    """Give the counts of the events that the search is about."""
    count, users = round(seen.count * part.share), min(seen.users, max(1, round(seen.users * part.share)))
    stated = Seen(count, users if count else 0, part.first or seen.first, part.last or seen.last)
    stats = {} if points is None else {"stats": {period: [[at, round(n * part.share)] for at, n in points]}}
    return {**stated.fields(), **stats}


def _expanded(row: sqlite3.Row, expand: frozenset[str], attached: bool) -> Json:
    fields: Json = {}
    if "inbox" in expand:
        fields["inbox"] = inbox(row)
    if "integrationIssues" in expand:
        fields["integrationIssues"] = []
    if "sessions" in expand:
        fields["sessionCount"] = None
    if "latestEventHasAttachments" in expand:
        fields["latestEventHasAttachments"] = attached
    return fields


def inbox(row: sqlite3.Row) -> Json | None:
    """Give why an issue awaits review, None when it does not."""
    if not row["in_review"] or row["status"] != "unresolved":
        return None
    reason = INBOX_REASONS.get(row["substatus"] or "new", 0)
    since = row["first_seen"] if reason == 0 else row["last_seen"]
    return {"reason": reason, "reason_details": None, "date_added": iso(since)}


def has_attachments(db: Database, ids: Sequence[int]) -> set[int]:
    """Give which of the issues have an event with attachments."""
    found = db.all(
        f"SELECT DISTINCT e.issue_id FROM events e JOIN attachments a ON a.event_id = e.event_id"
        f" AND a.project_id = e.project_id WHERE e.issue_id IN ({_marks(ids)})",
        *ids,
    )
    return {row["issue_id"] for row in found}


class _Neighbours:
    """Everything beside the issues' own rows that their JSON mentions, loaded once for all of them."""

    def __init__(self, db: Database, rows: Sequence[sqlite3.Row], user_id: int | None) -> None:
        ids = [row["id"] for row in rows]
        self.projects = _by_id(db, "projects", {row["project_id"] for row in rows})
        self.users = _by_id(db, "users", _present(row["assigned_user_id"] for row in rows))
        self.teams = _by_id(db, "teams", _present(row["assigned_team_id"] for row in rows))
        self.links = links_of(db, ids)
        self.states: dict[int, sqlite3.Row] = {}
        self.views: dict[int, int] = {}
        for state in db.all(f"SELECT * FROM issue_user_state WHERE issue_id IN ({_marks(ids)})", *ids):
            if state["seen_at"] is not None:
                self.views[state["issue_id"]] = self.views.get(state["issue_id"], 0) + 1
            if state["user_id"] == user_id:
                self.states[state["issue_id"]] = state


def _by_id(db: Database, table: str, ids: set[int]) -> dict[int, sqlite3.Row]:
    if not ids:
        return {}
    return {row["id"]: row for row in db.all(f"SELECT * FROM {table} WHERE id IN ({_marks(ids)})", *ids)}


def _present(values: Iterable[int | None]) -> set[int]:
    return {value for value in values if value is not None}


def _base(row: sqlite3.Row, view: View, near: _Neighbours) -> Json:
    project = near.projects[row["project_id"]]
    state = near.states.get(row["id"])
    assigned = _assigned_to(row, near)
    return {
        "id": str(row["id"]),
        "shareId": row["share_id"] if row["is_public"] else None,
        "shortId": format_short_id(project["slug"], row["short_number"]),
        "title": row["title"],
        "culprit": row["culprit"],
        "permalink": f"{view.base_url}/organizations/{view.organization_slug}/issues/{row['id']}/",
        "logger": row["logger"],
        "level": row["level"],
        "status": row["status"],
        "statusDetails": status_details(row),
        "substatus": row["substatus"],
        "isPublic": bool(row["is_public"]),
        "platform": row["platform"],
        "priority": row["priority"],
        "priorityLockedAt": iso_or_none(row["priority_locked_at"]),
        "seerFixabilityScore": None,
        "seerAutofixLastTriggered": None,
        "seerExplorerAutofixLastTriggered": None,
        "project": {
            "id": str(project["id"]),
            "name": project["name"],
            "slug": project["slug"],
            "platform": project["platform"],
        },
        "type": row["type"],
        "issueType": "error",
        "issueCategory": "error",
        "metadata": msgspec.json.decode(row["metadata_json"]),
        "numComments": row["num_comments"],
        "assignedTo": assigned,
        "isBookmarked": bool(state and state["is_bookmarked"]),
        "isSubscribed": bool(state and state["is_subscribed"]),
        "subscriptionDetails": _subscription(row, state, view.user_id),
        "hasSeen": bool(state and state["seen_at"] is not None),
        "annotations": [annotation_json(link) for link in near.links.get(row["id"], ())],
        "isUnhandled": bool(row["is_unhandled"]),
        **Seen(row["times_seen"], row["users_seen"], row["first_seen"], row["last_seen"]).fields(),
        "derivedData": _derived(row, assigned is not None, near.views.get(row["id"], 0)),
    }


def _assigned_to(row: sqlite3.Row, near: _Neighbours) -> Json | None:
    user = near.users.get(row["assigned_user_id"])
    if user is not None:
        return assigned_user(user)
    team = near.teams.get(row["assigned_team_id"])
    return None if team is None else assigned_team(team)


def assigned_user(user: sqlite3.Row) -> Json:
    """Give a user as an assignee."""
    return {
        "type": "user",
        "id": str(user["id"]),
        "name": user["name"] or user["email"] or user["username"],
        "email": user["email"],
    }


def assigned_team(team: sqlite3.Row) -> Json:
    """Give a team as an assignee."""
    return {"type": "team", "id": str(team["id"]), "name": team["slug"]}


_COUNTED_DOWN = (
    ("ignoreCount", "ignoreWindow", "times_seen"),
    ("ignoreUserCount", "ignoreUserWindow", "users_seen"),
)


def status_details(row: sqlite3.Row) -> Json:
    """Give how an issue was resolved or until when it is archived, without the sandbox's own notes."""
    details: dict[str, Any] = msgspec.json.decode(row["status_details_json"])
    start = details.get("_from") or {}
    # Without a window Sentry shows what is left of a count, not what was asked for.
    for name, window, column in _COUNTED_DOWN:
        if details.get(name) is not None and not details.get(window):
            details[name] = max(0, details[name] - (row[column] - start.get(column, row[column])))
    return {name: value for name, value in details.items() if not name.startswith("_")}


def _subscription(row: sqlite3.Row, state: sqlite3.Row | None, user_id: int | None) -> Json | None:
    if state is None or not state["is_subscribed"]:
        return None
    if row["assigned_user_id"] is not None and row["assigned_user_id"] == user_id:
        return {"reason": "assigned"}
    return {"reason": "bookmarked" if state["is_bookmarked"] else "unknown"}


_PROGRESS = {"resolved": "resolved", "ignored": "archived"}


def _derived(row: sqlite3.Row, is_assigned: bool, views: int) -> Json:
    """Give Sentry's summary of the work on an issue; no autofix runs here, so it never gets far."""
    return {
        "blocker": "none",
        "progress": "none",
        "status": _PROGRESS.get(row["status"], "open"),
        "viewCount": views,
        "hasOpenFixPr": False,
        "isAssigned": is_assigned,
        "hasRootCause": False,
        "lastCompletedAutofixStep": "none",
        "lastProgressedAt": None,
    }


def _marks(values: Sequence[Any] | set[int]) -> str:
    return ",".join("?" * len(values))
