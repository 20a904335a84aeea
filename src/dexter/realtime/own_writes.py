"""Dexter's own writes as a source: what a change that Sentry accepted says of issues, before any webhook does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from dexter.policy.issue_facts import IssueName, issue_facts, issue_name
from dexter.policy.issue_feed import IssueFacts, Seen
from dexter.realtime.events import Source
from dexter.realtime.intake import Sighting
from dexter.upstream.json_text import NotJson, json_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.wire import Answer, Call

ORG = "organization_id_or_slug"
ISSUE = "issue_id"
_ONE = ("/issues/{issue_id}/", "/groups/{issue_id}/")
_COMMENTS = ("/comments/", "/notes/")
_MANY = "/organizations/{organization_id_or_slug}/issues/"
_MANY_OF_PROJECT = "/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/"


@dataclass(frozen=True, slots=True)
class Done:
    """What a change says: what is seen of issues, which are gone (and into which), and which are to be read."""

    sightings: tuple[Sighting, ...] = ()
    gone: tuple[tuple[IssueName, IssueName | None], ...] = ()
    readings: tuple[IssueName, ...] = ()
    comment: str | None = None
    """The number of the comment that was written, if one was."""
    person: str = ""
    """Who did it, of those who share Dexter's credential, where that is known."""
    is_dexters: bool = False
    """Whether it was done with Dexter's own credential."""

    @property
    def says_something(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.sightings or self.gone or self.readings)


def read_write(call: Call, answer: Answer, at: float) -> Done:
    """Give what a change that Sentry accepted says, ended at the epoch second `at`."""
    done = _read(call, answer, at)
    return replace(done, person=call.person, is_dexters=call.identity.kind == "service")


def _read(call: Call, answer: Answer, at: float) -> Done:
    params = dict(call.params)
    template = call.endpoint.template
    if template.endswith((_MANY, _MANY_OF_PROJECT)):
        return _many(call, answer, at)
    issue = params.get(ISSUE)
    if issue is None or not issue.isdigit():
        return Done()
    name = IssueName(issue)
    if template.endswith(_COMMENTS) and call.method == "POST":
        return Done(readings=(name,), comment=_number(_document(answer)))
    if not template.endswith(_ONE):
        return Done(readings=(name,))
    if call.method == "DELETE":
        return Done(gone=((name, None),))
    return _one(name, _document(answer), at, _said(call))


def _one(name: IssueName, record: Any, at: float, said: frozenset[str]) -> Done:
    if not isinstance(record, dict):
        return Done(readings=(name,))
    told = issue_name(record)
    if told is None or told.id != name.id:
        # A merged issue answers with the one it went into; a discarded one with nothing.
        return Done(readings=(name,))
    return Done((Sighting(told, Seen(issue_facts(record), at, said=said), Source.WRITE),))


def _many(call: Call, answer: Answer, at: float) -> Done:
    ids = tuple(value for key, value in parse_qsl(call.query) if key == "id" and value.isdigit())
    names = tuple(map(IssueName, dict.fromkeys(ids)))
    if call.method == "DELETE":
        # Sentry takes them out of sight before it answers, and deletes them behind that.
        return Done(gone=tuple((name, None) for name in names))
    delta = _document(answer)
    if not isinstance(delta, dict):
        return Done(readings=names)
    merge = delta.get("merge")
    if isinstance(merge, dict):
        return _merged(merge, names)
    facts = issue_facts(delta)
    if facts == IssueFacts():
        return Done(readings=names)
    said = _said(call)
    return Done(tuple(Sighting(name, Seen(facts, at, said=said), Source.WRITE) for name in names))


def _merged(merge: Mapping[str, Any], names: tuple[IssueName, ...]) -> Done:
    parent, children = merge.get("parent"), merge.get("children")
    if not isinstance(parent, str | int) or not isinstance(children, list):
        return Done(readings=names)
    into = IssueName(str(parent))
    return Done(gone=tuple((IssueName(str(child)), into) for child in children), readings=(into,))


def _said(call: Call) -> frozenset[str]:
    """Give which of the watched facts a change asked for."""
    asked = _decoded(call.body)
    asked = asked if isinstance(asked, dict) else {}
    return frozenset(fact for field, fact in (("status", "status"), ("assignedTo", "assignee")) if field in asked)


def _number(document: Any) -> str | None:
    number = document.get("id") if isinstance(document, dict) else None
    return str(number) if isinstance(number, str | int) else None


def _document(answer: Answer) -> Any:
    return _decoded(answer.body)


def _decoded(body: Any) -> Any:
    if not isinstance(body, bytes):
        return None
    try:
        return json_value(body)
    except NotJson:
        return None
