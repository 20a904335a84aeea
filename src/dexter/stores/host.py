"""What all processes of a host share without asking anybody: purges and flights in one mapped file.

The file lies in the data directory. Readers look at memory and take no lock; a purge, and taking or giving back a lead,
holds the file's lock for some microseconds. A process that is killed lets go of the lock, and of nothing else that
matters: generations only grow, and its leads run out.

    header        magic, generation, epoch, boot
    generations   one number a slot (see `slots`)
    lags          one monotonic second a slot
    leads         key, token, lease's end, beginning, mark
    filed         one byte a key that was put into the level on disk (see `filed`)
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import weakref
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from dexter.stores.filed import SPOTS, Filed
from dexter.stores.flights import LEASE_S, Lead, Led
from dexter.stores.slots import GENERATIONS_BYTES, LAGS_BYTES, SlotTable, slots_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dexter.stores.store import Mark

_HEADER = struct.Struct("<8sQ16s16s")
_MAGIC = b"dxhost\x00\x02"
_GENERATIONS_AT = 4096
_LAGS_AT = _GENERATIONS_AT + GENERATIONS_BYTES
_LEADS_AT = _LAGS_AT + LAGS_BYTES
_LEAD = struct.Struct("<8s8sddQ")
_LEADS = 4096
"""Leads share places as tags share slots; who finds another's in its place asks for himself."""
_FILED_AT = _LEADS_AT + _LEADS * _LEAD.size
_FILE_BYTES = _FILED_AT + SPOTS

_FREE = bytes(8)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Host:
    """`Purges` and `Flights` of one host; every process opens the same file."""

    def __init__(self, path: Path, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # The memory stays for as long as anybody looks at it, also a straggler after the end.
        weakref.finalize(self, os.close, self._file)
        with self._locked():
            if not _is_of_this_boot(os.pread(self._file, _HEADER.size, 0)):
                # A new file; or the machine went down, and the last purges may not have reached the disk.
                os.ftruncate(self._file, 0)
                os.ftruncate(self._file, _FILE_BYTES)
                os.pwrite(self._file, _HEADER.pack(_MAGIC, 1, os.urandom(16), _boot()), 0)
            self._map = mmap.mmap(self._file, _FILE_BYTES)
        view = memoryview(self._map)
        self._counter = view[8:16].cast("Q")
        self._table = SlotTable(view[_GENERATIONS_AT:_LAGS_AT], view[_LAGS_AT:_LEADS_AT])
        self.filed = Filed(view[_FILED_AT:_FILE_BYTES])
        """What was put into the level on disk; it lasts as long as the epoch, and so do the entries there."""

    @property
    def epoch(self) -> str:
        """Name the time since which no purge was forgotten; what was kept in another is worth nothing."""
        epoch: bytes = _HEADER.unpack_from(self._map)[2]
        return epoch.hex()

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""
        return self._counter[0]

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags was purged after `since`, or may have been."""
        return since < self._counter[0] and self._table.newest(tags) > since

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether any of the tags lags at the monotonic second `now`."""
        return self._table.lags_until(tags) > now

    def suspended(self) -> bool:
        """Never: memory is always there."""
        return False

    async def settle(self) -> None:
        """Return at once: what others wrote is visible already."""

    async def record(self, tags: Iterable[str], lagging: Iterable[str], until: float) -> None:
        """Note that the tags are purged now, and which of them lag until the monotonic second `until`."""
        slots, lags = slots_of(tags), slots_of(lagging)
        with self._locked():
            generation = self._counter[0] + 1
            # Lags and slots first: who takes a mark of this generation must see all of it.
            self._table.lag(lags, until)
            self._table.purge(slots, generation)
            self._counter[0] = generation

    async def note(self, tags: Iterable[str]) -> None:
        """Note a purge that nobody waits for."""
        await self.record(tags, (), 0.0)

    async def lead(self, key: str, began_at: float, mark: Mark) -> Lead | Led | None:
        """Take the lead, or give who has it, or None when another question's lead is in its place."""
        place, name = _place(key)
        with self._locked():
            held, token, until, began, held_mark = _LEAD.unpack_from(self._map, place)
            if held == _FREE or until <= self._monotonic():
                token = os.urandom(8)
                _LEAD.pack_into(self._map, place, name, token, self._monotonic() + LEASE_S, began_at, mark)
                return Lead(key, token.hex())
        return Led(key, token.hex(), began, held_mark) if held == name else None

    async def keep(self, lead: Lead) -> None:
        """Give a sign of life: the lease begins anew."""
        place, name = _place(lead.key)
        with self._locked():
            held, token, _, began, mark = _LEAD.unpack_from(self._map, place)
            if held == name and token.hex() == lead.token:
                _LEAD.pack_into(self._map, place, name, token, self._monotonic() + LEASE_S, began, mark)

    async def is_under_way(self, led: Led) -> bool:
        """Whether another's flight goes on."""
        place, name = _place(led.key)
        # Without the lock, so that waiting costs nobody anything; a torn record reads as landed or is read anew.
        held, token, until, _, _ = _LEAD.unpack_from(self._map, place)
        return bool(held == name and token.hex() == led.token and until > self._monotonic())

    async def end(self, leads: Sequence[Lead]) -> None:
        """Give leads back."""
        with self._locked():
            for lead in leads:
                place, name = _place(lead.key)
                held, token, _, _, _ = _LEAD.unpack_from(self._map, place)
                if held == name and token.hex() == lead.token:
                    _LEAD.pack_into(self._map, place, _FREE, _FREE, 0.0, 0.0, 0)

    async def aclose(self) -> None:
        """Do nothing: the file is let go with the last who refers to this."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def _place(key: str) -> tuple[int, bytes]:
    name = blake2b(key.encode(), digest_size=8).digest()
    return _LEADS_AT + int.from_bytes(name, "big") % _LEADS * _LEAD.size, name


def _is_of_this_boot(header: bytes) -> bool:
    if len(header) < _HEADER.size:
        return False
    magic, _, _, boot = _HEADER.unpack(header)
    return bool(magic == _MAGIC and boot == _boot())


def _boot() -> bytes:
    """Give what tells one run of this machine from the next; where that is not known, all runs are one."""
    try:
        return blake2b(_BOOT_ID.read_bytes(), digest_size=16).digest()
    except OSError:
        return bytes(16)
