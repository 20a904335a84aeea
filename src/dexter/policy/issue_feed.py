"""What an observation of an issue means for the feed: which events it is, given what was known before.

The same change is seen several times: when Dexter writes it, when Sentry's webhook tells of it, and when the poller
reads it. It is one event because an event is the *difference* between what is known and what is seen: whoever sees it
first makes the event, and whoever sees it again sees no difference.

Observations may come late and in any order. One that is older than what is known never takes it back: it asks for a
reading instead (`Doubt`), since Sentry's times are whole seconds and cannot be put in order by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """The kinds of events about an issue."""

    CREATED = "issue.created"
    UPDATED = "issue.updated"
    RESOLVED = "issue.resolved"
    UNRESOLVED = "issue.unresolved"
    REGRESSED = "issue.regressed"
    ASSIGNED = "issue.assigned"
    ARCHIVED = "issue.archived"
    MERGED = "issue.merged"
    DELETED = "issue.deleted"
    ESCALATING = "issue.escalating"
    COMMENTED = "issue.commented"


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """What is known of an issue, or what one observation says of it: None means that it is not said.

    `assignee` is `user:1`, `team:2` or an empty text for nobody; an empty `substatus` is none.
    """

    status: str | None = None
    substatus: str | None = None
    assignee: str | None = None
    priority: str | None = None
    title: str | None = None
    count: int | None = None
    user_count: int | None = None
    comments: int | None = None
    last_seen: str | None = None

    def stated(self) -> Mapping[str, Any]:
        """Give the facts that are said."""
        return {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name) is not None}


@dataclass(frozen=True, slots=True)
class Known:
    """What the feed knows of an issue, and the epoch second from which it is. `gone` once it was deleted or merged.

    `untold` are the facts of which there was no event since the issue was read for the first time, at `first_at`.
    """

    facts: IssueFacts
    at: float
    gone: bool = False
    untold: frozenset[str] = frozenset()
    first_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation.

    `whole` when it is Sentry's own record of the issue, read at `at`; a webhook says less. `born` when it says that
    the issue is new. `said` names the facts of which it says that they have just changed, `status` or `assignee`:
    that is news even of an issue that nobody had heard of.
    """

    facts: IssueFacts
    at: float
    whole: bool = False
    born: bool = False
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """One event about an issue: its kind, and the facts before and after."""

    kind: Kind
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observation made of what was known. `doubt` asks for a reading of the issue."""

    known: Known
    changes: tuple[Change, ...] = ()
    doubt: bool = False


CROSSING_S = 10.0
"""A change, and the first reading of its issue, cross within so long: what is read then is the change already, and who
says a moment later that it has just changed brings the news."""
BACK_AFTER_S = 30.0
"""An issue that Sentry lists so long after it went is not gone: it was missing for another reason."""
_STATE = ("status", "substatus")
_QUIET = ("priority", "title", "count", "user_count", "last_seen")
"""Facts whose changes together are one `issue.updated`."""


def observe(known: Known | None, seen: Seen) -> Observed:
    """Give what is known after an observation, and the events that it is."""
    if known is None:
        return _first(seen)
    crossed = _crossed(known, seen)
    if crossed:
        return Observed(replace(known, untold=known.untold - seen.said), crossed)
    if seen.at < known.at or (seen.at == known.at and not seen.whole):
        # Too late to be believed, and perhaps right: what Sentry has now decides.
        return Observed(known, doubt=not seen.whole and _differs(known.facts, seen.facts))
    if known.gone and not (seen.whole and seen.at >= known.at + BACK_AFTER_S):
        # Sentry gives no number twice, so that what is read of it now was under way when it went.
        return Observed(known)
    after = _merged(known.facts, seen.facts)
    if known.gone:
        return Observed(Known(after, seen.at), (Change(Kind.UPDATED, {}, after.stated()),))
    changes = _changes(known.facts, after, seen.said)
    untold = known.untold.difference(*(change.after for change in changes))
    return Observed(Known(after, seen.at, untold=untold, first_at=known.first_at), changes)


def removed(
    known: Known | None, at: float, kind: Kind = Kind.DELETED, after: Mapping[str, Any] | None = None
) -> Observed:
    """Give what is known once an issue is gone, deleted or merged into another (`after` says into which)."""
    before = known.facts.stated() if known is not None else {}
    if known is not None and known.gone:
        return Observed(replace(known, at=max(known.at, at)))
    facts = known.facts if known is not None else IssueFacts()
    return Observed(Known(facts, at, gone=True), (Change(kind, before, after or {}),))


def _first(seen: Seen) -> Observed:
    if seen.born:
        # A webhook that comes late may speak of an issue that is no more.
        return Observed(
            Known(seen.facts, seen.at), (Change(Kind.CREATED, {}, seen.facts.stated()),), doubt=not seen.whole
        )
    untold = frozenset({"status", "assignee"}) - seen.said if seen.whole else frozenset[str]()
    known = Known(seen.facts, seen.at, untold=untold, first_at=seen.at if untold else 0.0)
    return Observed(known, _changes(IssueFacts(), seen.facts, seen.said))


def _crossed(known: Known, seen: Seen) -> tuple[Change, ...]:
    """Give what is said to have changed just before the issue was read for the first time, and was read as it is."""
    said = seen.said & known.untold
    if not said or known.gone or seen.at > known.first_at + CROSSING_S:
        return ()
    if any(getattr(seen.facts, name) != getattr(known.facts, name) for name in said):
        return ()
    named = {name for name in (*_STATE, "assignee") if name in said or (name == "substatus" and "status" in said)}
    return _changes(IssueFacts(), IssueFacts(**{name: getattr(known.facts, name) for name in named}), said)


def _differs(before: IssueFacts, after: IssueFacts) -> bool:
    return _merged(before, after) != before


def _merged(before: IssueFacts, after: IssueFacts) -> IssueFacts:
    stated = dict(after.stated())
    if "status" in stated and "substatus" not in stated and stated["status"] != before.status:
        # The old substatus belonged to the old status.
        return replace(before, substatus="", **stated)
    return replace(before, **stated)


def _changes(before: IssueFacts, after: IssueFacts, said: frozenset[str]) -> tuple[Change, ...]:
    found = []
    kind = _kind_of_state(before, after, is_said="status" in said)
    if kind is not None:
        found.append(_change(kind, before, after, _STATE))
    if before.assignee != after.assignee and (before.assignee is not None or "assignee" in said):
        found.append(_change(Kind.ASSIGNED, before, after, ("assignee",)))
    if before.comments is not None and (after.comments or 0) > before.comments:
        found.append(_change(Kind.COMMENTED, before, after, ("comments",)))
    quiet = tuple(name for name in _QUIET if _has_changed(before, after, name))
    if kind is None and before.status == after.status and _has_changed(before, after, "substatus"):
        quiet = (*quiet, "substatus")
    if quiet:
        found.append(_change(Kind.UPDATED, before, after, quiet))
    return tuple(found)


def _has_changed(before: IssueFacts, after: IssueFacts, name: str) -> bool:
    # What is heard of for the first time is no change.
    return getattr(before, name) is not None and getattr(before, name) != getattr(after, name)


def _kind_of_state(before: IssueFacts, after: IssueFacts, *, is_said: bool) -> Kind | None:
    if before.status is None and not is_said:
        return None
    if (before.status, before.substatus) == (after.status, after.substatus):
        return None
    if after.status == "unresolved":
        if after.substatus in ("regressed", "escalating") and after.substatus != before.substatus:
            return Kind.REGRESSED if after.substatus == "regressed" else Kind.ESCALATING
        return Kind.UNRESOLVED if before.status != "unresolved" else None
    if before.status == after.status:
        return None
    return {"resolved": Kind.RESOLVED, "ignored": Kind.ARCHIVED}.get(after.status or "")


def _change(kind: Kind, before: IssueFacts, after: IssueFacts, names: tuple[str, ...]) -> Change:
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    # What was not known before, or is not said now, is left out rather than said to have been nothing.
    was = {name: getattr(before, name) for name in changed}
    now = {name: getattr(after, name) for name in changed}
    return Change(
        kind,
        {name: value for name, value in was.items() if value is not None},
        {name: value for name, value in now.items() if value is not None},
    )
