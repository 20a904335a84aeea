"""Over any schedule of broken connections, killed nodes and failing stores: nobody misses anything without knowing.

The clients, the hubs and the frames between them are the gateway's own; the network and the log are played. What is
held against them: each event follows the one before it or a gap, and at the end everybody knows what is true.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.feed_log_double import FeedLogDouble, event

from dexter.gateway import events_socket_client, events_socket_outbox
from dexter.gateway.events_socket_client import Client
from dexter.gateway.events_socket_messages import Plain
from dexter.gateway.events_socket_outbox import Outbox
from dexter.gateway.events_stream import Wish
from dexter.policy.feed_channels import EVERYTHING, ISSUES
from dexter.realtime import hub as hub_module
from dexter.realtime.hub import Hub, Position
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from dexter.stores.feed_log import Page

NODES, PEOPLE, SUBJECTS = 2, 3, 4
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("happens"), st.integers(0, SUBJECTS - 1), st.integers(1, 8)),
        st.tuples(st.just("cut"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.sampled_from(["comes", "moves"]), st.integers(0, PEOPLE - 1), st.integers(0, NODES - 1)),
        st.tuples(st.just("stalls"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("reads_on"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("kill"), st.integers(0, NODES - 1)),
        st.tuples(st.sampled_from(["hangs", "goes_on"]), st.integers(0, NODES - 1)),
        st.tuples(st.just("fail_over"), st.integers(0, 6)),
        st.tuples(st.just("trim"), st.integers(0, 5)),
        st.tuples(st.just("turns"), st.integers(1, 30)),
        st.tuples(st.sampled_from(["begin_anew", "down", "up"])),
    ),
    max_size=40,
)


class Sight(FeedLogDouble):
    """The log as one node sees it, which may hang for a while and so be behind the others."""

    def __init__(self, log: FeedLogDouble) -> None:
        super().__init__()
        self._log = log
        self.awake = asyncio.Event()
        self.awake.set()

    async def after(self, organization: str, offset: int, limit: int) -> Page:
        await self.awake.wait()
        return await self._log.after(organization, offset, limit)

    async def wait(self, organization: str, offset: int, timeout_s: float) -> None:
        await self._log.wait(organization, offset, timeout_s)


class Wire:
    """A connection, as the gateway's client writes to it."""

    def __init__(self, person: Person) -> None:
        self.is_open, self.is_full = True, False
        self.on_text = self.on_room = self.on_shutdown = self.on_lost = lambda *_: None
        self._person = person

    def write(self, data: bytes) -> None:
        while data:
            length, start = data[1], 2
            if length == 126:
                length, start = int.from_bytes(data[2:4], "big"), 4
            payload, data = data[start : start + length], data[start + length :]
            self._person.hear(msgspec.json.decode(payload))

    def close(self, code: int, reason: str, last: bytes = b"") -> None:
        if self.is_open:
            self.write(last)
            self.break_off()

    def break_off(self) -> None:
        self.is_open = False
        lost, self.on_lost = self.on_lost, lambda *_: None
        lost()


class Person:
    """Somebody who listens, comes back with their last place, and reads everything anew after a gap."""

    def __init__(self, truth: dict[str, int]) -> None:
        self.truth = truth
        self.known: dict[str, int] = {}
        self.place: Position | None = None
        self.wire: Wire | None = None

    async def come(self, hub: Hub, outbox: Outbox) -> None:
        wire = Wire(self)
        seat: Any = SimpleNamespace(ends_for=lambda _: None, leave=lambda: None, missed=lambda _: None)
        anybody: Any = SimpleNamespace(projects=None)
        of_this_test: Any = wire
        client = Client(of_this_test, seat, hub, outbox, None, Plain(), anybody, 0.0)  # type: ignore[arg-type]
        try:
            await hub.join(client.listener)
        except FeedUnavailable:
            hub.leave(client.listener)
            return
        self.wire = wire
        wire.on_lost = lambda *_: self._lost(client)
        client.begin(hub.position, Wish(frozenset({ISSUES}), EVERYTHING, self.place))

    def _lost(self, client: Client) -> None:
        client.leave()
        self.wire = None

    def hear(self, message: dict[str, Any]) -> None:
        if message["kind"] in ("hello", "gap"):
            if self.place is None or message["kind"] == "gap":
                self.place = Position(message["epoch"], message["offset"])
                self.known = dict(self.truth)
        elif message["kind"] == "event":
            assert self.place is not None
            follows = Position(self.place.epoch, self.place.offset + 1)
            self.place = Position(message["epoch"], message["offset"])
            assert self.place == follows, "an event is missing, or was told twice, and no gap says so"
            told = message["event"]
            self.known[told["issue"]["id"]] = told["after"]["turn"]


class Play:
    """Carries steps out."""

    def __init__(self) -> None:
        self.log = FeedLogDouble()
        self.truth: dict[str, int] = {}
        self.outbox = Outbox()
        self.sights = [Sight(self.log) for _ in range(NODES)]
        self.hubs = [Hub(sight, "acme") for sight in self.sights]
        self.people = [Person(self.truth) for _ in range(PEOPLE)]
        self.at = dict.fromkeys(range(PEOPLE), 0)
        self.turn = 0
        self.failures: list[str] = []

    async def do(self, step: tuple[Any, ...]) -> None:
        found = getattr(self, step[0])(*step[1:])
        if found is not None:
            await found
        await asyncio.sleep(0)

    def happens(self, subject: int, times: int) -> None:
        for _ in range(times):
            self.turn += 1
            self.truth[str(subject)] = self.turn
            self.log.happens(event(issue=str(subject), after={"turn": self.turn}))

    def cut(self, person: int) -> None:
        wire = self.people[person].wire
        if wire is not None:
            wire.break_off()

    async def comes(self, person: int, node: int) -> None:
        # Who is the first at a node that hangs waits; here they go elsewhere.
        if self.people[person].wire is None and (self.sights[node].awake.is_set() or self.hubs[node].listening):
            self.at[person] = node
            await self.people[person].come(self.hubs[node], self.outbox)

    async def moves(self, person: int, node: int) -> None:
        self.cut(person)
        await self.comes(person, node)

    def stalls(self, person: int) -> None:
        wire = self.people[person].wire
        if wire is not None:
            wire.is_full = True

    def reads_on(self, person: int) -> None:
        wire = self.people[person].wire
        if wire is not None:
            wire.is_full = False
            wire.on_room()

    async def kill(self, node: int) -> None:
        for person, at in self.at.items():
            if at == node:
                self.cut(person)
        await self.hubs[node].aclose()
        self.sights[node] = Sight(self.log)
        self.hubs[node] = Hub(self.sights[node], "acme")

    def hangs(self, node: int) -> None:
        self.sights[node].awake.clear()

    def goes_on(self, node: int) -> None:
        self.sights[node].awake.set()

    def fail_over(self, lost: int) -> None:
        self.turn += 1
        self.log.fail_over(f"epoch {self.turn}", max(0, self.log.last - lost))

    def begin_anew(self) -> None:
        self.turn += 1
        self.log.begin_anew(f"epoch {self.turn}")

    def trim(self, kept: int) -> None:
        self.log.trim(kept)

    def down(self) -> None:
        self.log.is_down = True

    def up(self) -> None:
        self.log.is_down = False

    async def turns(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Let everything work again, everybody come back, and all that waits be told."""
        self.up()
        for node in range(NODES):
            self.goes_on(node)
        for person in range(PEOPLE):
            self.reads_on(person)
        await self.turns(100)
        for _ in range(3):  # who is told to be too slow, now or while catching up, comes back
            for person in range(PEOPLE):
                await self.comes(person, person % NODES)
            await self.turns(150)

    async def aclose(self) -> None:
        for person in range(PEOPLE):
            self.cut(person)
        for hub in self.hubs:
            await hub.aclose()


async def played(steps: list[tuple[Any, ...]]) -> None:
    play = Play()
    failed: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    try:
        for person in range(PEOPLE):
            await play.comes(person, person % NODES)
        for step in steps:
            await play.do(step)
        await play.end()
        assert failed == []
        for person in play.people:
            assert person.known == play.truth
            assert person.place == Position(play.log.epoch, play.log.last)
    finally:
        with suppress(AssertionError):
            await play.aclose()


@pytest.fixture(autouse=True, scope="module")
def quickly() -> Any:
    """Nothing waits, and queues are short."""
    with pytest.MonkeyPatch.context() as patch, structlog.testing.capture_logs():
        patch.setattr(hub_module, "TRY_AGAIN_S", 0)
        patch.setattr(hub_module, "REPLAY_PAGE", 4)
        patch.setattr(hub_module, "REMEMBERED", 6)
        patch.setattr(events_socket_client, "LONGEST_QUEUE", 6)
        patch.setattr(events_socket_client, "REPLAYED_AT_ONCE", 3)
        patch.setattr(events_socket_outbox, "TOGETHER_S", 0)
        yield


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_over_any_schedule_everybody_ends_with_what_is_true(steps: list[tuple[Any, ...]]) -> None:
    """Sockets that break, nodes that die, a log that is away, trimmed, lost, or comes back without its end."""
    asyncio.run(played(steps))


@pytest.mark.breadth
@settings(max_examples=1500, deadline=None)
@given(STEPS)
def test_over_very_many_schedules_everybody_ends_with_what_is_true(steps: list[tuple[Any, ...]]) -> None:
    """The same, for longer."""
    asyncio.run(played(steps))
