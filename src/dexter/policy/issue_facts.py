"""The facts of an issue that the feed watches, read from Sentry's own record of it, whole or in part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dexter.policy.issue_feed import IssueFacts

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class IssueName:
    """How people and programs call an issue, and whose it is. Empty where a record does not say."""

    id: str
    short_id: str = ""
    title: str = ""
    project: str = ""


def issue_name(record: Mapping[str, Any]) -> IssueName | None:
    """Give an issue's name from a record of Sentry's, or None for what is no record of an issue."""
    number = record.get("id")
    if not isinstance(number, str | int) or not str(number).isdigit():
        return None
    project = record.get("project")
    slug = project.get("slug") if isinstance(project, dict) else None
    return IssueName(str(number), _text(record.get("shortId")), _text(record.get("title")), _text(slug))


def issue_facts(record: Mapping[str, Any]) -> IssueFacts:
    """Give what a record of Sentry's says of an issue; what it leaves out, or says in an unknown form, is not said."""
    # A list counts what lies within the time it was asked for, and says beside it what an issue has had in all.
    lifetime = record.get("lifetime")
    counted = {**record, **lifetime} if isinstance(lifetime, dict) else record
    status = _one_of(record.get("status"), ("resolved", "unresolved", "ignored"))
    return IssueFacts(
        status=status,
        substatus=_said(record, "substatus", _text) if status is not None else None,
        assignee=_said(record, "assignedTo", assignee),
        priority=_one_of(record.get("priority"), ("low", "medium", "high")),
        title=_text(record.get("title")) or None,
        count=_whole(counted.get("count")),
        user_count=_whole(counted.get("userCount")),
        comments=_whole(record.get("numComments")),
        last_seen=_text(counted.get("lastSeen")) or None,
    )


def issue_record(facts: IssueFacts) -> dict[str, Any]:
    """Give the triage facts as Sentry's record would have them; what is not known is left out.

    >>> issue_record(IssueFacts(status="ignored", assignee="team:2"))
    {'status': 'ignored', 'assignedTo': {'type': 'team', 'id': '2'}}
    """
    found = {name: getattr(facts, name) for name in ("status", "substatus", "priority")}
    record = {name: value for name, value in found.items() if value is not None}
    if facts.assignee is not None:
        kind, _, number = facts.assignee.partition(":")
        record["assignedTo"] = {"type": kind, "id": number} if number else None
    return record


def is_new(record: Mapping[str, Any], since: float, newest: int | None = None) -> bool:
    """Whether an issue that nobody knew came about after a moment, or after the one that was the newest."""
    number = record.get("id")
    if newest is not None and isinstance(number, str | int) and int(number) > newest:
        return True
    lifetime = record.get("lifetime")
    first_seen = (lifetime if isinstance(lifetime, dict) else record).get("firstSeen")
    if not isinstance(first_seen, str):
        return False
    try:
        return datetime.fromisoformat(first_seen).timestamp() > since
    except ValueError:
        return False


def assignee(record: Any) -> str:
    """Give `user:1` or `team:2` for an assignee, an empty text for nobody."""
    if isinstance(record, dict) and record.get("type") in ("user", "team") and record.get("id") is not None:
        return f"{record['type']}:{record['id']}"
    return ""


def _said(record: Mapping[str, Any], name: str, read: Any) -> str | None:
    return str(read(record[name])) if name in record else None


def _one_of(value: Any, known: tuple[str, ...]) -> str | None:
    return value if value in known else None


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
