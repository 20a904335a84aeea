"""Dexter's own writes as a source: what a change that Sentry accepted says of issues, before any webhook does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from dexter.policy.issue_facts import IssueName, issue_facts, issue_name
from dexter.policy.issue_feed import IssueFacts, Seen
from dexter.realtime.events import Source
from dexter.realtime.intake import Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.wire import Answer, Call

ORG = "organization_id_or_slug"
ISSUE = "issue_id"
_ONE = ("/issues/{issue_id}/", "/groups/{issue_id}/")
_MANY = "/organizations/{organization_id_or_slug}/issues/"
_MANY_OF_PROJECT = "/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/"


@dataclass(frozen=True, slots=True)
class Done:
    """What a change says: what is seen of issues, which are gone (and into which), and which are to be read."""

    sightings: tuple[Sighting, ...] = ()
    gone: tuple[tuple[IssueName, IssueName | None], ...] = ()
    readings: tuple[IssueName, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.sightings or self.gone or self.readings)


def read_write(call: Call, answer: Answer, at: float) -> Done:
    """Give what a change that Sentry accepted says, ended at the epoch second `at`."""
    params = dict(call.params)
    template = call.endpoint.template
    if template.endswith((_MANY, _MANY_OF_PROJECT)):
        return _many(call, answer, at)
    issue = params.get(ISSUE)
    if issue is None or not issue.isdigit():
        return Done()
    name = IssueName(issue)
    if not template.endswith(_ONE):
        return Done(readings=(name,))
    if call.method == "DELETE":
        return Done(gone=((name, None),))
    return _one(name, _document(answer), at)


def _one(name: IssueName, record: Any, at: float) -> Done:
    if not isinstance(record, dict):
        return Done(readings=(name,))
    told = issue_name(record)
    if told is None or told.id != name.id:
        # A merged issue answers with the one it went into; a discarded one with nothing.
        return Done(readings=(name,))
    return Done((Sighting(told, Seen(issue_facts(record), at), Source.WRITE),))


def _many(call: Call, answer: Answer, at: float) -> Done:
    ids = tuple(value for key, value in parse_qsl(call.query) if key == "id" and value.isdigit())
    names = tuple(map(IssueName, dict.fromkeys(ids)))
    if call.method == "DELETE":
        # Sentry deletes behind its answer; a reading says when they are gone.
        return Done(readings=names)
    delta = _document(answer)
    if not isinstance(delta, dict):
        return Done(readings=names)
    merge = delta.get("merge")
    if isinstance(merge, dict):
        return _merged(merge, names)
    facts = issue_facts(delta)
    if facts == IssueFacts():
        return Done(readings=names)
    return Done(tuple(Sighting(name, Seen(facts, at), Source.WRITE) for name in names))


def _merged(merge: Mapping[str, Any], names: tuple[IssueName, ...]) -> Done:
    parent, children = merge.get("parent"), merge.get("children")
    if not isinstance(parent, str | int) or not isinstance(children, list):
        return Done(readings=names)
    into = IssueName(str(parent))
    return Done(gone=tuple((IssueName(str(child)), into) for child in children), readings=(into,))


def _document(answer: Answer) -> Any:
    if not isinstance(answer.body, bytes):
        return None
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return None
