"""The feed's events: what happened, to what, from what to what, and who saw it first. Never a secret."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.policy.issue_facts import IssueName
from dexter.policy.issue_feed import IssueFacts, Known

if TYPE_CHECKING:
    from dexter.policy.webhook_deliveries import Actor


class Source(StrEnum):
    """Where an event was seen first."""

    WEBHOOK = "webhook"
    POLL = "poll"
    WRITE = "write"
    """A change that was made through Dexter."""
    DEXTER = "dexter"
    """Dexter itself: its jobs, its breakers, who is here."""


ALERT_TRIGGERED = "alert.triggered"
ALERT_RESOLVED = "alert.resolved"
JOB_PROGRESS = "job.progress"
GATEWAY_BREAKER = "gateway.breaker"
GATEWAY_QUOTA = "gateway.quota"
GATEWAY_DRIFT = "gateway.drift"
PRESENCE = "presence"


class IssueRef(msgspec.Struct, frozen=True):
    """The issue that an event is about."""

    id: str
    short_id: str
    title: str


class ActorRef(msgspec.Struct, frozen=True):
    """Who did it, where that is known: a user or an application of Sentry's, or a person of Dexter's."""

    type: str
    id: str
    name: str


class FeedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `before` and `after` hold what changed and nothing else; `data` what is particular to its type."""

    type: str
    at: str
    """ISO 8601, when it happened as far as that is known, else when it was seen."""
    organization: str
    source: str
    project: str | None = None
    issue: IssueRef | None = None
    actor: ActorRef | None = None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    data: dict[str, Any] = {}


class _Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of an issue, as it lies beside the log."""

    at: float
    facts: dict[str, Any]
    gone: bool = False
    untold: tuple[str, ...] = ()
    first_at: float = 0.0
    short_id: str = ""
    title: str = ""
    project: str = ""


_events = msgspec.json.Decoder(FeedEvent)
_remembered = msgspec.json.Decoder(_Remembered)


def packed(event: FeedEvent) -> bytes:
    """Give an event as it lies in the log."""
    return msgspec.json.encode(event)


def unpacked(body: bytes) -> FeedEvent:
    """Give an event of the log."""
    return _events.decode(body)


def packed_known(name: IssueName, known: Known) -> bytes:
    """Give what is known of an issue as it lies beside the log."""
    facts = dict(known.facts.stated())
    untold = tuple(sorted(known.untold))
    first_at = known.first_at if untold else 0.0
    return msgspec.json.encode(
        _Remembered(known.at, facts, known.gone, untold, first_at, name.short_id, name.title, name.project)
    )


def unpacked_known(issue_id: str, body: bytes) -> tuple[IssueName, Known]:
    """Give what is known of an issue."""
    found = _remembered.decode(body)
    name = IssueName(issue_id, found.short_id, found.title, found.project)
    return name, Known(IssueFacts(**found.facts), found.at, found.gone, frozenset(found.untold), found.first_at)


def issue_ref(name: IssueName) -> IssueRef:
    """Give an issue as an event names it."""
    return IssueRef(name.id, name.short_id, name.title)


def actor_ref(actor: Actor | None) -> ActorRef | None:
    """Give who did something, as an event names them."""
    return None if actor is None else ActorRef(actor.kind, actor.id, actor.name)
