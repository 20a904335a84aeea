"""Entries in this process's memory, within a bound of bytes, found by key and by tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.stores.admission import Admission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.stores.entry import Entry

DEFAULT_MAX_BYTES = 128 * 1024 * 1024
LARGEST_SHARE = 8
"""An entry may take one eighth of the room: a single export must not push everything else out."""


class Shelf:
    """A bounded collection of entries; what is asked for again stays longest."""

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._admission = Admission(max_bytes)
        self._entries: dict[str, Entry] = {}
        self._by_tag: dict[str, set[str]] = {}
        self.used_bytes = 0
        """What all entries take."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None, and count the use."""
        entry = self._entries.get(key)
        if entry is not None:
            self._admission.used(key)
        return entry

    def fits(self, entry: Entry) -> bool:
        """Whether an entry is small enough to be kept."""
        return entry.size_bytes <= self._max_bytes // LARGEST_SHARE

    def keep(self, entry: Entry) -> bool:
        """Keep an entry; False when it is too large or a newer one of its key is there."""
        present = self._entries.get(entry.key)
        if not self.fits(entry) or (present is not None and present.stored_at > entry.stored_at):
            return False
        if present is not None:
            self._take_out(present)
        self._admission.add(entry.key, entry.size_bytes)
        self._entries[entry.key] = entry
        self.used_bytes += entry.size_bytes
        for tag in entry.tags:
            self._by_tag.setdefault(tag, set()).add(entry.key)
        while self.used_bytes > self._max_bytes:
            self._take_out(self._entries[self._admission.next_to_go()])
        return True

    def remove(self, key: str) -> None:
        """Forget the entry of a key, if there is one."""
        entry = self._entries.get(key)
        if entry is not None:
            self._admission.remove(key)
            self._take_out(entry)

    def tagged(self, tags: Iterable[str]) -> list[Entry]:
        """Give every entry filed under any of the tags."""
        keys = set().union(*(self._by_tag.get(tag, ()) for tag in tags))
        return [self._entries[key] for key in keys]

    def _take_out(self, entry: Entry) -> None:
        del self._entries[entry.key]
        self.used_bytes -= entry.size_bytes
        for tag in entry.tags:
            keys = self._by_tag[tag]
            keys.discard(entry.key)
            if not keys:
                del self._by_tag[tag]
