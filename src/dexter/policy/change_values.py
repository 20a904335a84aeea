"""From which values to which a change at one of Sentry's own addresses led, as far as what passed by says it.

`asked` is the body of the change, `before` what was known of the thing a moment earlier, `answer` what Sentry answered.
What nobody can say reads `NOT_KNOWN`, so that it is not taken for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dexter.policy.bulk_image import CONDITIONS, RESOLUTIONS, STATUSES, image

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]

NOT_KNOWN = "(not known)"

_SOURCES = {
    "status": "status",
    "assignee": "assignedTo",
    "priority": "priority",
    "seen": "hasSeen",
    "bookmark": "isBookmarked",
    "subscribed": "isSubscribed",
    "public": "isPublic",
    "for_review": "inbox",
}
"""Where Sentry's record of an issue has the fields that Dexter speaks of, and a change of it likewise."""
_PARTS_OF_STATUS = frozenset({"statusDetails", "substatus", "snoozeDuration", *CONDITIONS, *RESOLUTIONS})
_NAMES = ("id", "shortId", "slug", "name", "title", "version")
"""What tells people which thing it was that is gone now, or came about."""


class Values(NamedTuple):
    """What was there, and what is there now. None is nothing: of what came about before, of what went after."""

    before: Any
    after: Any


def issue_values(asked: Mapping[str, Any], before: Json | None, answer: Json | None) -> Values:
    """Give the fields that a change of an issue was about, in Dexter's words. An answer may show a part of them."""
    names = [name for name, source in _SOURCES.items() if source in asked]
    if "status" not in names and _PARTS_OF_STATUS & asked.keys():
        names.insert(0, "status")
    others = {name: value for name, value in asked.items() if name not in _SOURCES.values()}
    others = {name: value for name, value in others.items() if name not in _PARTS_OF_STATUS}
    requested = {name: _requested(name, asked) for name in names}
    return Values(
        dict.fromkeys(names, NOT_KNOWN) | _shown(before, names) or None,
        {**requested, **others, **_shown(answer, names)} or None,
    )


def _requested(name: str, asked: Mapping[str, Any]) -> Any:
    value = asked.get(_SOURCES[name], NOT_KNOWN)
    if name == "for_review":
        return bool(value)
    return STATUSES.get(value, value) if name == "status" and isinstance(value, str) else value


def _shown(record: Json | None, names: Iterable[str]) -> Json:
    """Give what a record of Sentry's, whole or in part, says of some fields."""
    if record is None:
        return {}
    seen = image({"status": None, **record})
    found = {name: seen[name] for name in names if _SOURCES[name] in record}
    if "status" in found:
        parts = (("substatus", "substatus"), ("details", "statusDetails"))
        found |= {name: seen[name] for name, source in parts if source in record}
    return found


def thing_values(method: str, asked: Any, before: Json | None, answer: Any) -> Values:
    """Give what a change of anything else was about: the fields that it names, and of what came or went its names."""
    shown = answer if isinstance(answer, dict) else {}
    if method == "DELETE":
        return Values(NOT_KNOWN if before is None else _named(before), None)
    if not isinstance(asked, dict):
        after = _named(shown) or NOT_KNOWN
        return Values(None if method == "POST" else NOT_KNOWN, after)
    after = {name: shown.get(name, value) for name, value in asked.items()}
    if method == "POST":
        return Values(None, _named(shown) | after)
    known = before or {}
    return Values({name: known.get(name, NOT_KNOWN) for name in asked}, after)


def _named(thing: Json) -> Json:
    return {name: thing[name] for name in _NAMES if isinstance(thing.get(name), str | int)}


def in_doubt(values: Values) -> Values:
    """Give what is to be said when nobody knows whether Sentry made the change: of what it led to, nothing."""
    after = values.after
    return Values(values.before, dict.fromkeys(after, NOT_KNOWN) if isinstance(after, dict) else NOT_KNOWN)
