"""Who looks at which issue: people, not sockets, over all processes, and gone by themselves when a process is.

What is known of an issue's viewers lies beside the log, each with the moment until which it counts; whoever changes who
is there records an event. A process says again and again that those on its sockets still look.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog

from dexter.features.moment import iso
from dexter.realtime.events import PRESENCE, FeedEvent, IssueRef, Source, issue_ref, packed, unpacked_known
from dexter.stores.feed_log import FeedUnavailable, Settled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dexter.stores.feed_log import FeedLog

log = structlog.get_logger("dexter.realtime")

COUNTS_S = 45.0
"""How long somebody is seen after the last word of their process."""
SAY_AGAIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who looks at something."""

    id: str
    name: str


class _There(msgspec.Struct, frozen=True):
    name: str
    until: float


_viewers = msgspec.json.Decoder(dict[str, _There])


class Presence:
    """The viewers that one process knows of, and the way to those of all."""

    def __init__(self, feed: FeedLog, organization: str, now: Callable[[], float]) -> None:
        self._feed = feed
        self._organization = organization
        self._now = now
        self._here: Counter[tuple[Viewer, str]] = Counter()
        """How many sockets of a person look at an issue."""
        self._watched: set[str] = set()
        """Issues that somebody was seen at, and that must be looked after until nobody is."""
        self._leaving: set[asyncio.Task[None]] = set()
        self._keeping: asyncio.Task[None] | None = None

    async def looks(self, viewer: Viewer, issue: str) -> None:
        """Let a person be seen at an issue. Raises FeedUnavailable."""
        self._here[viewer, issue] += 1
        self.noticed(issue)
        await self._settle(issue)

    def leaves(self, viewer: Viewer, issue: str) -> None:
        """Let a person go, once none of their sockets looks any more."""
        self._here[viewer, issue] -= 1
        if self._here[viewer, issue] > 0:
            return
        del self._here[viewer, issue]
        task = asyncio.get_running_loop().create_task(self._gone(viewer, issue), context=Context())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def noticed(self, issue: str) -> None:
        """Hear that somebody is at an issue, of whatever process: should that die, others clear up."""
        self._watched.add(issue)
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.get_running_loop().create_task(self._keep(), context=Context())

    async def say_again(self) -> None:
        """Say that those who look still do, and let those go whom nobody speaks for any more."""
        for issue in tuple(self._watched):
            if not await self._settle(issue):
                self._watched.discard(issue)

    async def aclose(self) -> None:
        """Let everybody go who is here."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _keep(self) -> None:
        while self._watched:
            await asyncio.sleep(SAY_AGAIN_S)
            try:
                await self.say_again()
            except FeedUnavailable as error:
                log.warning("presence_waits", error=str(error))

    async def _gone(self, viewer: Viewer, issue: str) -> None:
        try:
            await self._settle(issue, viewer)
        except FeedUnavailable as error:
            log.warning("presence_lost", error=str(error))

    async def _settle(self, issue: str, gone: Viewer | None = None) -> int:
        """Write down who of this process is at an issue, and give how many are there in all."""
        here = {viewer.id: viewer.name for viewer, at in self._here if at == issue}
        leaves = None if gone is None or gone.id in here else gone.id
        decision = _Decision(self._organization, issue, here, leaves, self._now())
        await self._feed.settle(self._organization, (decision.subject, issue), decision)
        return decision.present


async def seen_at(
    feed: FeedLog, organization: str, issues: Collection[str], now: float, projects: frozenset[str] | None
) -> dict[str, list[dict[str, str]]]:
    """Give who looks at each of some issues, those without anybody left out. Raises FeedUnavailable.

    Of an issue whose project is none of `projects`, or is not known, nobody is named; None stands for all projects.
    """
    found: dict[str, list[dict[str, str]]] = {}

    def look(known: Mapping[str, bytes]) -> Settled:
        found.clear()
        for issue in issues:
            people = _people({who: each for who, each in _kept(known, issue).items() if each.until > now})
            if people and (projects is None or _project(known, issue) in projects):
                found[issue] = people
        return Settled()

    await feed.settle(organization, {each for issue in issues for each in (issue, _subject(issue))}, look)
    return found


def _subject(issue: str) -> str:
    return f"presence:{issue}"


def _kept(known: Mapping[str, bytes], issue: str) -> dict[str, _There]:
    body = known.get(_subject(issue))
    return _viewers.decode(body) if body else {}


def _project(known: Mapping[str, bytes], issue: str) -> str | None:
    body = known.get(issue)
    return None if body is None else unpacked_known(issue, body)[0].project


class _Decision:
    """Decides who is at an issue."""

    def __init__(self, organization: str, issue: str, here: Mapping[str, str], leaves: str | None, now: float) -> None:
        self.subject = _subject(issue)
        self.present = 0
        self._organization = organization
        self._issue = issue
        self._here = here
        self._leaves = leaves
        self._now = now

    def __call__(self, known: Mapping[str, bytes]) -> Settled:
        before = _kept(known, self._issue)
        after = {who: each for who, each in before.items() if each.until > self._now and who != self._leaves}
        after |= {who: _There(name, self._now + COUNTS_S) for who, name in self._here.items()}
        self.present = len(after)
        if after == before:
            return Settled()
        records = () if after.keys() == before.keys() else (self._event(before, after, known.get(self._issue)),)
        return Settled({self.subject: msgspec.json.encode(after)}, records)

    def _event(self, before: Mapping[str, _There], after: Mapping[str, _There], named: bytes | None) -> bytes:
        issue, project = IssueRef(self._issue, "", ""), None
        if named is not None:
            name, _ = unpacked_known(self._issue, named)
            issue, project = issue_ref(name), name.project or None
        event = FeedEvent(
            type=PRESENCE,
            at=iso(self._now),
            organization=self._organization,
            source=Source.DEXTER.value,
            project=project,
            issue=issue,
            before={"people": _people(before)},
            after={"people": _people(after)},
            data={"counts_s": COUNTS_S},
        )
        return packed(event)


def _people(there: Mapping[str, _There]) -> list[dict[str, str]]:
    return [{"id": who, "name": each.name} for who, each in sorted(there.items())]
