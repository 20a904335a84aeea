"""What of an issue a bulk job can change, as one small value: taken before it writes, and again when it reads back.

An image is JSON, so that it can be kept. It speaks Dexter's words where they differ from Sentry's, and leaves out what
changes by itself from one moment to the next.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Image = dict[str, Any]

FIELDS = ("status", "assignee", "priority", "seen", "bookmark", "subscribed", "public", "for_review")
"""What Sentry keeps of an issue that a job can set."""

STATUSES = {"ignored": "archived", "muted": "archived"}
RESOLUTIONS = ("inRelease", "inNextRelease", "inUpcomingRelease", "inCommit")
CONDITIONS = ("ignoreUntil", "ignoreDuration", "ignoreCount", "ignoreWindow", "ignoreUserCount", "ignoreUserWindow")
COUNTED_DOWN = frozenset({"ignoreCount", "ignoreUserCount"})
"""Sentry shows what is left of these, so that they change without anybody changing them."""
NOT_EXACT = COUNTED_DOWN | {"ignoreUntil"}
MINUTES_APART_S = 120.0


def image(group: Mapping[str, Any]) -> Image:
    """Give the image of an issue from Sentry's JSON of it, asked for with `expand=inbox`."""
    return {
        "status": STATUSES.get(group["status"], group["status"]),
        "substatus": group.get("substatus"),
        "details": _details(group.get("statusDetails") or {}),
        "assignee": _assignee(group.get("assignedTo")),
        "priority": group.get("priority"),
        "seen": bool(group.get("hasSeen")),
        "bookmark": bool(group.get("isBookmarked")),
        "subscribed": bool(group.get("isSubscribed")),
        "public": bool(group.get("isPublic")),
        "for_review": group.get("inbox") is not None if "inbox" in group else None,
    }


def _details(details: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: details[name] for name in (*RESOLUTIONS, *CONDITIONS) if details.get(name) not in (None, False)}
    commit = kept.get("inCommit")
    if isinstance(commit, dict):
        repository = commit.get("repository")
        named = repository.get("name") if isinstance(repository, dict) else repository
        kept["inCommit"] = {"commit": commit.get("id") or commit.get("commit"), "repository": named}
    return kept


def _assignee(assigned: Any) -> dict[str, Any] | None:
    if not isinstance(assigned, dict) or not assigned.get("id"):
        return None
    return {"type": assigned.get("type") or "user", "id": str(assigned["id"]), "name": assigned.get("name")}


def same(field: str, one: Image, other: Image) -> bool:
    """Whether two images agree in a field, as far as people change it."""
    if field == "assignee":
        return _who(one) == _who(other)
    if field == "status":
        return _standing(one) == _standing(other) and _ends_together(one, other)
    return bool(one.get(field) == other.get(field))


def _who(of: Image) -> tuple[Any, Any] | None:
    assignee = of.get("assignee")
    return None if assignee is None else (assignee["type"], assignee["id"])


def _standing(of: Image) -> tuple[Any, ...]:
    details = of.get("details") or {}
    return (
        of.get("status"),
        of.get("substatus"),
        sorted((name, None if name in NOT_EXACT else repr(value)) for name, value in details.items()),
    )


def _ends_together(one: Image, other: Image) -> bool:
    """Whether two archives end at one time. Sentry takes whole minutes, so that one that is set again ends later."""
    ends = [(of.get("details") or {}).get("ignoreUntil") for of in (one, other)]
    if None in ends or ends[0] == ends[1]:
        return ends[0] == ends[1]
    return abs(epoch(ends[0]) - epoch(ends[1])) <= MINUTES_APART_S


def epoch(iso: Any) -> float:
    """Give the epoch second of a moment of Sentry's; 0 for what is none."""
    try:
        return datetime.fromisoformat(str(iso)).timestamp()
    except ValueError:
        return 0.0


def told(field: str, of: Image) -> str:
    """Give a field of an image in words for people.

    >>> told("status", {"status": "archived", "substatus": "archived_forever"})
    'archived forever'
    """
    match field:
        case "status":
            return _status_told(of)
        case "assignee":
            assignee = of.get("assignee")
            if assignee is None:
                return "nobody"
            name = assignee.get("name") or f"{assignee['type']}:{assignee['id']}"
            return f"#{name}" if assignee["type"] == "team" else str(name)
        case "priority":
            return of.get("priority") or "none"
        case "labels":
            return ", ".join(of.get("labels") or ()) or "none"
        case _:
            return {True: "yes", False: "no"}.get(of.get(field), "not known")  # type: ignore[arg-type]


def _status_told(of: Image) -> str:
    details: dict[str, Any] = of.get("details") or {}
    match of.get("status"):
        case "resolved":
            return _resolved_told(details)
        case "archived":
            return _archived_told(of.get("substatus"), details)
        case status:
            return str(status)


def _resolved_told(details: Mapping[str, Any]) -> str:
    if "inRelease" in details:
        return f"resolved in {details['inRelease']}"
    if "inCommit" in details:
        commit = details["inCommit"]
        named = commit.get("commit") if isinstance(commit, dict) else commit
        return f"resolved in commit {str(named)[:12]}"
    if "inNextRelease" in details or "inUpcomingRelease" in details:
        return "resolved in the next release"
    return "resolved"


def _archived_told(substatus: str | None, details: Mapping[str, Any]) -> str:
    if "ignoreUntil" in details:
        return f"archived until {details['ignoreUntil']}"
    if "ignoreDuration" in details:
        return f"archived for {details['ignoreDuration']} minutes"
    if "ignoreCount" in details:
        return f"archived until {details['ignoreCount']} more events"
    if "ignoreUserCount" in details:
        return f"archived until {details['ignoreUserCount']} more users"
    return "archived forever" if substatus == "archived_forever" else "archived until it escalates"
