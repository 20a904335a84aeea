"""What processes share, in memory: a level without a disk, and a purge server whose line a test can cut."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dexter.stores.leased_purges import LEASE_S, LeasedPurges, Purge, PurgeServerFailed, Renewal, Whole
from dexter.stores.slots import GENERATIONS_BYTES

if TYPE_CHECKING:
    from tests.doubles.sentry_double import FakeClock

    from dexter.stores.entry import Entry


@dataclass
class LevelDouble:
    """A `Level` that all processes of a test see at once."""

    entries: dict[str, Entry] = field(default_factory=dict)

    async def get(self, key: str) -> Entry | None:
        return self.entries.get(key)

    async def get_anew(self, key: str) -> Entry | None:
        return self.entries.get(key)

    def put(self, entry: Entry) -> None:
        present = self.entries.get(entry.key)
        if present is None or present.stored_at <= entry.stored_at:
            self.entries[entry.key] = entry

    async def discard(self, key: str) -> None:
        self.entries.pop(key, None)

    async def settled(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


@dataclass
class LevelOfHosts:
    """A `Level` of several hosts, as one of them sees it: what was kept before the server forgot is not found."""

    entries: dict[tuple[str | None, str], Entry]
    purges: LeasedPurges

    async def get(self, key: str) -> Entry | None:
        found = None if self.purges.is_away else self.entries.get((self.purges.epoch, key))
        return None if found is None else found.marked(self.purges.own)

    async def get_anew(self, key: str) -> Entry | None:
        return await self.get(key)

    def put(self, entry: Entry) -> None:
        place = (self.purges.epoch, entry.key)
        present = self.entries.get(place)
        if not self.purges.is_away and (present is None or present.stored_at <= entry.stored_at):
            self.entries[place] = entry.marked(self.purges.shared)

    async def discard(self, key: str) -> None:
        self.entries.pop((self.purges.epoch, key), None)

    async def settled(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


@dataclass
class PurgeServerDouble:
    """What Redis keeps for all processes; each comes in by a line of its own."""

    clock: FakeClock
    epoch: str = "first"
    generation: int = 1
    purges: list[Purge] = field(default_factory=list)
    seen: dict[str, tuple[float, int]] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin anew, as a Redis does that keeps nothing on disk."""
        self.epoch += "'"
        self.generation += 1000
        self.purges, self.seen = [], {}


@dataclass
class Line:
    """One process's `PurgeServer`."""

    server: PurgeServerDouble
    is_cut: bool = False

    async def whole(self) -> Whole:
        self._reach()
        generations = bytearray(GENERATIONS_BYTES)
        for purge in self.server.purges:
            for slot in purge.slots:
                struct.pack_into("<Q", generations, slot * 8, purge.generation)
        return Whole(self.server.epoch, self.server.generation, bytes(generations), list(self.server.purges))

    async def renew(self, holder: str, seen: int) -> Renewal:
        self._reach()
        server = self.server
        server.seen[holder] = (server.clock.monotonic(), seen)
        return Renewal(server.epoch, server.generation, [each for each in server.purges if each.generation > seen])

    async def purge(self, slots: list[int], lags: list[int], lag_s: float) -> int:
        self._reach()
        previous, self.server.generation = self.server.generation, self.server.generation + 1
        self.server.purges.append(Purge(self.server.generation, previous, slots, lags, lag_s))
        return self.server.generation

    async def all_told(self, holder: str, generation: int) -> bool:
        self._reach()
        now = self.server.clock.monotonic()
        others = (told for name, told in self.server.seen.items() if name != holder)
        return all(known >= generation for moment, known in others if now - moment <= LEASE_S)

    async def aclose(self) -> None:
        pass

    def _reach(self) -> None:
        if self.is_cut:
            raise PurgeServerFailed("cut")
