"""Where everything that is seen comes in: it is compared with what is known, and what is new goes into the log.

Every event purges what it makes stale before anybody is told of it: who reads after an event finds what it says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dexter.catalog.mappings import mapping
from dexter.errors import DexterError
from dexter.features.moment import iso
from dexter.observe.records import EventRecorded, tell
from dexter.policy.issue_facts import issue_record
from dexter.policy.issue_feed import Kind, observe, removed
from dexter.policy.purge import made_stale, purged_by
from dexter.realtime.events import (
    ActorRef,
    FeedEvent,
    Source,
    issue_ref,
    packed,
    packed_known,
    unpacked,
    unpacked_known,
)
from dexter.stores.feed_log import FeedUnavailable, Settled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dexter.observe.records import Observer
    from dexter.policy.issue_facts import IssueName
    from dexter.policy.issue_feed import Change, Seen
    from dexter.stores.feed_log import FeedLog, Record
    from dexter.stores.store import Store


LATEST = 2000
"""So many events count as the latest."""

Merged = Callable[[str, str, str], Awaitable[None]]
"""Hears of an organization's issue that went into another."""

Place = tuple[str, int]
"""An epoch, and the offset up to which the log was read."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What was heard of a change before it was seen: from where, who did it, and what is particular to it."""

    source: Source
    actor: ActorRef | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody saw an issue: what of it, who did it as far as is known, and how it came to be seen.

    `hints` say more of changes that had been heard of, by their kind.
    """

    name: IssueName
    seen: Seen
    source: Source
    actor: ActorRef | None = None
    hints: Mapping[Kind, Hint] = field(default_factory=dict)

    def with_hints(self, hints: Mapping[Kind, Hint]) -> Sighting:
        """Give the sighting with what had been heard of."""
        return replace(self, hints=hints)

    def about(self, kind: Kind) -> Hint:
        """Give what is known of how a change came about."""
        return self.hints.get(kind) or Hint(self.source, self.actor)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of sightings: the events with their offsets, and the issues of which Sentry's own word is needed."""

    records: tuple[Record, ...]
    doubtful: frozenset[str] = frozenset()


class Intake:
    """Turns sightings into events, in any process, so that each change is one event."""

    def __init__(
        self,
        log: FeedLog,
        store: Store,
        now: Callable[[], float],
        observers: tuple[Observer, ...] = (),
        merged: Merged | None = None,
    ) -> None:
        """Give the way into a log. `merged` hears of every issue that was merged, before anybody else does."""
        self._merged = merged
        self._log = log
        self._store = store
        self._now = now
        self._observers = observers

    async def sighted(self, organization: str, sightings: Sequence[Sighting]) -> Recorded:
        """Compare sightings, in their order, with what is known, and record what is new."""
        decision = _Sighted(organization, tuple(sightings))
        # A change that was made through Dexter has purged already, and exactly what it changed.
        elsewhere = {each.name.id for each in sightings if each.source is not Source.WRITE}
        return await self._decided(organization, {each.name.id for each in sightings}, decision, elsewhere)

    async def removed(
        self,
        organization: str,
        name: IssueName,
        source: Source,
        into: IssueName | None = None,
        actor: ActorRef | None = None,
    ) -> Recorded:
        """Record that an issue is gone, deleted or merged into another; once, whoever says so.

        One that is only missed, and that nobody had ever heard of, was perhaps never there: that is no event.
        """
        if into is not None and self._merged is not None:
            try:
                await self._merged(organization, name.id, into.id)
            except DexterError as error:
                raise FeedUnavailable(f"what is kept of a merged issue cannot follow it: {error.message}") from error
        decision = _Removed(organization, name, Hint(source, actor), into, self._now())
        return await self._decided(organization, {name.id}, decision, {name.id})

    async def told(self, event: FeedEvent, *, subject: str | None = None, state: bytes = b"") -> Record | None:
        """Record an event that is about no issue's own fields: an alert, a job, the gateway.

        With a subject it is recorded unless that was in this state before, whoever said so: then None.
        """

        def decide(known: Mapping[str, bytes]) -> Settled:
            if subject is None:
                return Settled({}, (packed(event),))
            return Settled() if known.get(subject) == state else Settled({subject: state}, (packed(event),))

        records = await self._log.settle(event.organization, () if subject is None else (subject,), decide)
        self._count(records)
        return records[0] if records else None

    async def records(self, organization: str, issues: Collection[str], since: float) -> dict[str, dict[str, Any]]:
        """Give what was seen of issues since a moment, by number, in the words of Sentry's own record.

        Nothing of those that are gone. Raises FeedUnavailable.
        """
        found: dict[str, dict[str, Any]] = {}

        def look(known: Mapping[str, bytes]) -> Settled:
            seen = {number: unpacked_known(number, body)[1] for number, body in known.items()}
            found.update(
                (number, issue_record(each.facts))
                for number, each in seen.items()
                if each.at >= since and not each.gone
            )
            return Settled()

        await self._log.settle(organization, issues, look)
        return found

    async def named_since(self, organization: str, place: Place | None) -> tuple[set[str], Place]:
        """Give the issues of the events after a place, and the place to go on from; the latest events without one."""
        page = await self._log.after(organization, 0, 0)
        known = place if place is not None and place[0] == page.epoch else (page.epoch, max(0, page.last - LATEST))
        found: set[str] = set()
        while True:
            page = await self._log.after(organization, known[1], LATEST)
            events = [unpacked(record.body) for record in page.records]
            found.update(each.issue.id for each in events if each.issue is not None)
            if not page.records:
                return found, known
            known = (page.epoch, page.records[-1].offset)

    async def _decided(
        self, organization: str, issues: set[str], decision: _Sighted | _Removed, stale: set[str]
    ) -> Recorded:
        # Looked at first, since what an event makes stale must be gone before anybody hears of the event.
        await self._log.settle(organization, issues, decision.looked_at)
        stale = stale & decision.eventful
        if stale:
            await self._store.purge(_stale_tags(organization, stale))
        records = await self._log.settle(organization, issues, decision)
        self._count(records)
        return Recorded(records, frozenset(decision.doubtful))

    def _count(self, records: tuple[Record, ...]) -> None:
        for record in records:
            event = unpacked(record.body)
            tell(self._observers, EventRecorded(event.type, event.source))


@dataclass(slots=True)
class _Sighted:
    """Decides over sightings."""

    organization: str
    sightings: tuple[Sighting, ...]
    doubtful: set[str] = field(default_factory=set)
    eventful: set[str] = field(default_factory=set)
    """The issues that there are events of."""

    def looked_at(self, known: Mapping[str, bytes]) -> Settled:
        """Decide, and keep nothing of it but of which issues there are events."""
        self(known)
        return Settled()

    def __call__(self, known: Mapping[str, bytes]) -> Settled:
        present = {issue: unpacked_known(issue, body) for issue, body in known.items()}
        self.doubtful.clear()
        self.eventful.clear()
        events: list[bytes] = []
        changed: dict[str, bytes] = {}
        for each in self.sightings:
            called, before = present.get(each.name.id, (each.name, None))
            name = _fuller(called, each.name)
            observed = observe(before, each.seen)
            if observed.doubt:
                self.doubtful.add(name.id)
            if observed.changes:
                self.eventful.add(name.id)
            events += [
                _Happened(self.organization, name, each.about(change.kind), each.seen.at).event(change)
                for change in observed.changes
            ]
            present[name.id] = (name, observed.known)
            if observed.known != before:
                changed[name.id] = packed_known(name, observed.known)
        return Settled(changed, tuple(events))


@dataclass(slots=True)
class _Removed:
    """Decides over an issue that is gone."""

    organization: str
    name: IssueName
    hint: Hint
    into: IssueName | None
    at: float
    doubtful: frozenset[str] = frozenset()
    eventful: set[str] = field(default_factory=set)
    """The issues that there are events of."""

    def looked_at(self, known: Mapping[str, bytes]) -> Settled:
        """Decide, and keep nothing of it but of which issues there are events."""
        self(known)
        return Settled()

    def __call__(self, known: Mapping[str, bytes]) -> Settled:
        body = known.get(self.name.id)
        if body is None and self.hint.source is Source.POLL:
            return Settled()
        called, before = (self.name, None) if body is None else unpacked_known(self.name.id, body)
        name = _fuller(called, self.name)
        kind = Kind.DELETED if self.into is None else Kind.MERGED
        observed = removed(before, self.at, kind, {} if self.into is None else {"into": self.into.id})
        happened = _Happened(self.organization, name, self.hint, self.at)
        self.eventful = {name.id} if observed.changes else set()
        return Settled({name.id: packed_known(name, observed.known)}, tuple(map(happened.event, observed.changes)))


@dataclass(frozen=True, slots=True)
class _Happened:
    """What the events of one sighting have in common."""

    organization: str
    name: IssueName
    hint: Hint
    at: float

    def event(self, change: Change) -> bytes:
        """Give the event of a change, packed."""
        event = FeedEvent(
            type=change.kind.value,
            at=iso(self.at),
            organization=self.organization,
            source=self.hint.source.value,
            project=self.name.project or None,
            issue=issue_ref(self.name),
            actor=self.hint.actor,
            before=dict(change.before),
            after=dict(change.after),
            data=dict(self.hint.data),
        )
        return packed(event)


def _fuller(known: IssueName, told: IssueName) -> IssueName:
    """Give a name with what either of two knows; the later one wins."""
    return replace(
        known,
        short_id=told.short_id or known.short_id,
        title=told.title or known.title,
        project=told.project or known.project,
    )


def _stale_tags(organization: str, issues: set[str]) -> frozenset[str]:
    """Give the tags of what a change of issues makes stale: what a write to them would, and their events and counts."""
    update = mapping("issues.update").endpoint
    tags: set[str] = set()
    for issue in issues:
        params = {"organization_id_or_slug": organization, "issue_id": issue}
        tags |= purged_by(update, params) | made_stale(("issue:{id}", "events:{id}", "stats:{id}"), params)
    return frozenset(tags)
