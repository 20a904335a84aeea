"""What an issue update asks for: the body, checked field by field as Sentry does. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

FieldErrors = dict[str, Any]

STATUSES = ("resolved", "unresolved", "ignored", "resolvedInNextRelease", "muted")
SUBSTATUSES = {
    "archived_until_escalating": "ignored",
    "archived_until_condition_met": "ignored",
    "archived_forever": "ignored",
    "escalating": "unresolved",
    "ongoing": "unresolved",
    "regressed": "unresolved",
    "new": "unresolved",
}
PRIORITIES = ("low", "medium", "high")
LONGEST_WINDOW_MINUTES = 7 * 24 * 60
CONDITIONS = ("ignoreDuration", "ignoreCount", "ignoreWindow", "ignoreUserCount", "ignoreUserWindow")
BOOLEANS = ("hasSeen", "isBookmarked", "isPublic", "isSubscribed", "inbox", "merge", "discard")

_TRUE = (True, "true", "True", "1", 1, "yes", "on")
_FALSE = (False, "false", "False", "0", 0, "no", "off")


class InvalidChanges(Exception):
    """The body does not fit; `errors` is what Sentry answers with 400."""

    def __init__(self, errors: FieldErrors) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Changes:
    """A checked update. `given` holds the fields that were in the body, with values of their proper types."""

    given: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)
    """`statusDetails`, with what older clients wrote beside the status moved into it."""

    @property
    def status(self) -> str | None:
        """The status asked for: unresolved, resolved or ignored; None where it is left alone."""
        wanted = self.given.get("status")
        return {"muted": "ignored", "resolvedInNextRelease": "resolved"}.get(wanted or "", wanted)

    @property
    def substatus(self) -> str | None:
        """The substatus that was asked for, or that an archive's conditions imply."""
        asked: str | None = self.given.get("substatus")
        if asked is not None or self.status != "ignored":
            return asked
        return "archived_until_condition_met" if self.conditions else "archived_until_escalating"

    @property
    def conditions(self) -> dict[str, int]:
        """Until when or until how much an archive holds."""
        return {name: self.details[name] for name in CONDITIONS if self.details.get(name)}

    @property
    def resolution(self) -> str:
        """What a resolution is tied to: `now`, or a release or commit in the words of `statusDetails`."""
        if self.given.get("status") == "resolvedInNextRelease":
            return "inNextRelease"
        for name in ("inNextRelease", "inUpcomingRelease", "inRelease", "inCommit"):
            if self.details.get(name):
                return name
        return "now"


def parse_changes(body: Any) -> Changes:
    """Give the update that a body asks for; raise InvalidChanges with every field at fault."""
    if not isinstance(body, Mapping):
        raise InvalidChanges(
            {"nonFieldErrors": [f"Invalid data. Expected a dictionary, but got {type(body).__name__}."]}
        )
    errors: FieldErrors = {}
    given: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        if name not in body:
            continue
        value, error = check(body[name])
        if error is None:
            given[name] = value
        else:
            errors[name] = error
    if not errors and given.get("substatus") and given.get("status"):
        errors = _substatus_errors(given)
    if errors:
        raise InvalidChanges(errors)
    if "discard" in given and len(given) > 1:
        raise InvalidChanges({"nonFieldErrors": ["Other attributes cannot be updated when discarding"]})
    # Older clients put the conditions of an archive beside the status.
    details = {**{name: given[name] for name in CONDITIONS if name in given}, **(given.get("statusDetails") or {})}
    return Changes(given, details)


def _substatus_errors(given: Mapping[str, Any]) -> FieldErrors:
    status = {"muted": "ignored", "resolvedInNextRelease": "resolved"}.get(given["status"], given["status"])
    if SUBSTATUSES[given["substatus"]] == status:
        return {}
    return {"substatus": [f"Status {status} does not allow substatus {given['substatus']}"]}


Checked = tuple[Any, Any]
"""The value and None, or anything and the complaint."""


def _choice(permitted: tuple[str, ...], *, nullable: bool = False) -> Callable[[Any], Checked]:
    def check(value: Any) -> Checked:
        if value is None and nullable:
            return None, None
        return value, None if value in permitted else [f'"{value}" is not a valid choice.']

    return check


def _boolean(value: Any) -> Checked:
    if isinstance(value, str | int) and value in _TRUE:
        return True, None
    if isinstance(value, str | int) and value in _FALSE:
        return False, None
    return None, ["Must be a valid boolean."] if value is not None else ["This field may not be null."]


def _whole_number(most: int = 2_147_483_647) -> Callable[[Any], Checked]:
    def check(value: Any) -> Checked:
        if value is None:
            return None, None
        try:
            number = int(str(value)) if not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None:
            return None, ["A valid integer is required."]
        if number < 0:
            return None, ["Ensure this value is greater than or equal to 0."]
        if number > most:
            return None, [f"Ensure this value is less than or equal to {most}."]
        return number, None

    return check


def _text(value: Any) -> Checked:
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return None if value is None else str(value), None
    return None, ["Not a valid string."]


def _commit(value: Any) -> Checked:
    if not isinstance(value, Mapping):
        return None, {"nonFieldErrors": [f"Invalid data. Expected a dictionary, but got {type(value).__name__}."]}
    errors = {name: ["This field is required."] for name in ("commit", "repository") if not value.get(name)}
    return dict(value), errors or None


def _details(value: Any) -> Checked:
    if value is None:
        return {}, None
    if not isinstance(value, Mapping):
        return None, {"nonFieldErrors": [f"Invalid data. Expected a dictionary, but got {type(value).__name__}."]}
    found, errors = {}, {}
    for name, check in _DETAIL_CHECKS.items():
        if name in value:
            found[name], error = check(value[name])
            if error is not None:
                errors[name] = error
    return {name: item for name, item in found.items() if item not in (None, False)}, errors or None


_CONDITION_CHECKS: dict[str, Callable[[Any], Checked]] = {
    "ignoreDuration": _whole_number(),
    "ignoreCount": _whole_number(),
    "ignoreWindow": _whole_number(LONGEST_WINDOW_MINUTES),
    "ignoreUserCount": _whole_number(),
    "ignoreUserWindow": _whole_number(LONGEST_WINDOW_MINUTES),
}
_DETAIL_CHECKS: dict[str, Callable[[Any], Checked]] = {
    "inNextRelease": _boolean,
    "inUpcomingRelease": _boolean,
    "inRelease": _text,
    "inCommit": _commit,
    **_CONDITION_CHECKS,
}
_CHECKS: dict[str, Callable[[Any], Checked]] = {
    "status": _choice(STATUSES),
    "statusDetails": _details,
    "substatus": _choice(tuple(SUBSTATUSES), nullable=True),
    "priority": _choice(PRIORITIES),
    "assignedTo": _text,
    **dict.fromkeys(BOOLEANS, _boolean),
    **_CONDITION_CHECKS,
}
