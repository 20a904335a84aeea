"""Generations of tags in a table of fixed size: a tag's slot holds the number of the purge that touched it last.

Several tags may share a slot. Then a purge of one takes the others along: too much is purged, never too little.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable

SLOTS = 1 << 18
"""With a thousand issues written to within one freshness, two or three hits in a hundred are lost to shared slots."""

SLOT_BYTES = 8
GENERATIONS_BYTES = SLOTS * SLOT_BYTES
LAGS_BYTES = SLOTS * SLOT_BYTES


@lru_cache(maxsize=1 << 16)
def slot_of(tag: str) -> int:
    """Give a tag's slot: the same in every process, on every machine."""
    return crc32(tag.encode("utf-8", "surrogateescape")) & (SLOTS - 1)


def slots_of(tags: Iterable[str]) -> list[int]:
    """Give the slots of some tags."""
    return [slot_of(tag) for tag in tags]


class SlotTable:
    """Generations and lags over two buffers, private or shared with other processes.

    An aligned slot of eight bytes is read and written whole, so that readers need no lock.
    """

    def __init__(self, generations: memoryview, lags: memoryview) -> None:
        self._generations = generations.cast("B").cast("Q")
        self._lags = lags.cast("B").cast("d")

    def newest(self, tags: Iterable[str]) -> int:
        """Give the number of the last purge that touched any of the tags; 0 when none ever did."""
        generations = self._generations
        return max((generations[slot_of(tag)] for tag in tags), default=0)

    def lags_until(self, tags: Iterable[str]) -> float:
        """Give the monotonic second until which any of the tags lags."""
        lags = self._lags
        return max((lags[slot_of(tag)] for tag in tags), default=0.0)

    def purge(self, slots: Iterable[int], generation: int) -> None:
        """Note a purge of some slots."""
        for slot in slots:
            if self._generations[slot] < generation:
                self._generations[slot] = generation

    def lag(self, slots: Iterable[int], until: float) -> None:
        """Note that some slots lag until a monotonic second."""
        for slot in slots:
            if self._lags[slot] < until:
                self._lags[slot] = until

    def load(self, generations: bytes) -> None:
        """Take over all generations, as little-endian numbers; missing ones at the end are 0."""
        whole = generations.ljust(GENERATIONS_BYTES, b"\0")
        self._generations[:] = memoryview(whole).cast("Q")


def private_table() -> SlotTable:
    """Give a table in this process's own memory, which the system gives page by page as it is touched."""
    return SlotTable(memoryview(bytearray(GENERATIONS_BYTES)), memoryview(bytearray(LAGS_BYTES)))
