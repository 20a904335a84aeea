"""What a job wants of one issue: the fields it sets, its labels, and what it does with the issue as a whole.

`set` holds a value for each field that the job sets, `change` the names of those that are otherwise now: an issue
without any of them is not sent. The whole of `set` goes out for whoever is sent, since Sentry does nothing where a
field is already so, and a hundred issues with one body are one call.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from dexter.policy.bulk_image import FIELDS, RESOLUTIONS, Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Wanted = dict[str, Any]

WHOLE = ("merge", "delete", "discard")
"""What is done with an issue itself, after its fields are set."""
DESTRUCTIVE = frozenset({"delete", "discard"})

_SENTRY_NAMES = {
    "priority": "priority",
    "seen": "hasSeen",
    "bookmark": "isBookmarked",
    "subscribed": "isSubscribed",
    "public": "isPublic",
    "for_review": "inbox",
}
PERSONAL = frozenset({"seen", "bookmark", "subscribed"})
"""What Sentry keeps for each user: a credential that stands for nobody has none of it."""


def wanted(target: Mapping[str, Any], labels: Mapping[str, Sequence[str]], whole: str | None, before: Image) -> Wanted:
    """Give what is wanted of an issue whose fields shall be as in `target`; nothing for what is so already."""
    change = [field for field in FIELDS if field in target and not is_so(field, target[field], before)]
    found: Wanted = {}
    if change:
        found["set"], found["change"] = dict(target), change
    label_changes = _label_changes(labels, before.get("labels") or ())
    if label_changes:
        found["labels"] = label_changes
    if whole is not None:
        found["do"] = whole
    return found


def _label_changes(labels: Mapping[str, Sequence[str]], has: Sequence[str]) -> dict[str, list[str]]:
    now = {name.lower() for name in has}
    add = [name for name in labels.get("add", ()) if name.lower() not in now]
    remove = [name for name in labels.get("remove", ()) if name.lower() in now]
    return {key: names for key, names in (("add", add), ("remove", remove)) if names}


def is_so(field: str, value: Any, now: Image) -> bool:
    """Whether a field is as wanted already, so that sending it would change nothing."""
    if field == "status" and _restarts(value):
        return False
    return holds(field, value, now)


def _restarts(value: Mapping[str, Any]) -> bool:
    """Whether an archive begins to count anew each time that it is asked for."""
    return any(name.startswith("ignore") for name in value.get("statusDetails") or {})


def holds(field: str, value: Any, now: Image) -> bool:
    """Whether a field is as it should be after it was set."""
    if field == "status":
        return _status_holds(value, now)
    if field == "assignee":
        assignee = now.get("assignee")
        return bool(value == (None if assignee is None else f"{assignee['type']}:{assignee['id']}"))
    if field == "for_review" and value is False and now.get("status") != "unresolved":
        return True  # only what is unresolved awaits review
    return bool(now.get(field) == value)


def _status_holds(value: Mapping[str, Any], now: Image) -> bool:
    status = {"ignored": "archived"}.get(value["status"], value["status"])
    if now.get("status") != status:
        return False
    asked, has = value.get("substatus"), now.get("substatus")
    # Servers before 2023 know no substatus.
    if asked is not None and has is not None and asked != has:
        return False
    details = now.get("details") or {}
    if status == "resolved" and value.get("statusDetails") == {} and not details.keys().isdisjoint(RESOLUTIONS):
        return False  # it shall be tied to no release, which is more than being resolved
    return all(_detail_holds(name, said, details) for name, said in (value.get("statusDetails") or {}).items())


def _detail_holds(name: str, said: Any, details: Mapping[str, Any]) -> bool:
    match name:
        case "inRelease":
            return name in details and said in ("latest", details[name])
        case "inNextRelease" | "inUpcomingRelease":
            # Where versions can be ordered, Sentry notes the release that the next one must come after.
            return name in details or "inRelease" in details
        case "inCommit":
            return name in details
        case "ignoreDuration":
            return "ignoreUntil" in details or name in details
        case _:
            return name in details


def sentry_body(target: Mapping[str, Any]) -> dict[str, Any]:
    """Give the body of Sentry's bulk update that sets these fields.

    >>> sentry_body({"status": {"status": "resolved"}, "assignee": None, "seen": True})
    {'status': 'resolved', 'assignedTo': '', 'hasSeen': True}
    """
    body: dict[str, Any] = dict(target.get("status") or {})
    if "assignee" in target:
        body["assignedTo"] = target["assignee"] or ""
    return body | {name: target[field] for field, name in _SENTRY_NAMES.items() if field in target}


def projected(before: Image, want: Wanted) -> Image:
    """Give the image that an issue should have when it was sent, for people to look at beforehand."""
    target = want.get("set") or {}
    after = {**before, **{field: target[field] for field in want.get("change", ()) if field in _SENTRY_NAMES}}
    if "status" in want.get("change", ()):
        status = target["status"]
        after["status"] = {"ignored": "archived"}.get(status["status"], status["status"])
        after["substatus"] = status.get("substatus")
        after["details"] = dict(status.get("statusDetails") or {})
        after["for_review"] = after["for_review"] and after["status"] == "unresolved"
    if "assignee" in want.get("change", ()):
        after["assignee"] = _named(target["assignee"])
    if "labels" in want:
        after["labels"] = relabelled(before.get("labels") or (), want["labels"])
    return after


def _named(assignee: str | None) -> dict[str, Any] | None:
    if assignee is None:
        return None
    kind, _, number = assignee.partition(":")
    return {"type": kind, "id": number, "name": None}


def relabelled(has: Sequence[str], changes: Mapping[str, Sequence[str]]) -> list[str]:
    """Give labels after some were added and some removed."""
    gone = {name.lower() for name in changes.get("remove", ())}
    return sorted({*(name for name in has if name.lower() not in gone), *changes.get("add", ())}, key=str.lower)


def first_step(want: Wanted) -> int:
    """Give the step a job begins with for an issue: 0 sets fields and labels, 1 does something with the issue."""
    return 0 if want.get("set") or want.get("labels") else 1


def batch(step: int, organization: str, project: str | None, want: Wanted) -> str:
    """Give the name of what may go to Sentry in one call: one organization, one body.

    One project too where Sentry refuses several: a release is a project's, and so is what merges.
    """
    body: Any = want.get("do") if step else [want.get("reopen"), sentry_body(want.get("set") or {})]
    alone = body == "merge" if step else _is_one_projects(want)
    key = json.dumps([step, organization, project if alone else None, body], sort_keys=True)
    return blake2b(key.encode(), digest_size=8).hexdigest()


def _is_one_projects(want: Wanted) -> bool:
    status = (want.get("set") or {}).get("status") or {}
    return any(name.startswith("in") for name in status.get("statusDetails") or {})
