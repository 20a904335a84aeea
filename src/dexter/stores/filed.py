"""Which keys were ever put into the level that the processes of a host share: most misses need no look into it."""

from __future__ import annotations

from zlib import crc32

SPOTS = 1 << 20
"""A byte a key, several keys a byte: with 64,000 entries one look in sixteen is for nothing, and none is left out."""


class Filed:
    """Marks over a buffer that the processes of a host share. A whole byte each, so that writers need no lock."""

    def __init__(self, spots: memoryview) -> None:
        self._spots = spots

    def note(self, key: str) -> None:
        """Note that an entry is about to be put under a key. It is never taken back."""
        self._spots[crc32(key.encode()) % SPOTS] = 1

    def may_hold(self, key: str) -> bool:
        """Whether anything was ever put under a key, or under another one with the same mark."""
        return self._spots[crc32(key.encode()) % SPOTS] == 1
