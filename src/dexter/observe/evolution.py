"""What was seen of Sentry's API changing: addresses on their way out, and replies that drift from the catalog.

An observer with a bounded memory of its own process; what it holds names operations and fields, never data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.observe.records import CallTranslated, DeprecationSeen, LinkMended, Record, ReplyChecked

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 2_000
"""How many fields are remembered; beyond that only those that are known are counted on."""


@dataclass(slots=True)
class Announced:
    """An address that Sentry said is on its way out."""

    endpoint: str
    date: str
    replacement: str | None
    seen: int = 0
    brownouts: int = 0
    last_seen: float = 0.0
    last_brownout: float | None = None


@dataclass(slots=True)
class Drifted:
    """A field that was not as the catalog says."""

    endpoint: str
    field: str
    fault: str
    count: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0


class Evolution:
    """Remembers announcements, drift, translations and mended links, with how often each was seen."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._announced: dict[str, Announced] = {}
        self._drifted: dict[tuple[str, str, str], Drifted] = {}
        self.checked: dict[str, int] = {}
        """How many replies of each operation were held against the catalog."""
        self.translated: dict[tuple[str, str], int] = {}
        """How many calls of an operation went to another address, by the kind of address that Sentry lacks."""
        self.mended_links: dict[str, int] = {}

    def announced(self) -> list[Announced]:
        """Give the addresses on their way out, the latest heard of first."""
        return sorted(self._announced.values(), key=lambda row: -row.last_seen)

    def drifted(self) -> list[Drifted]:
        """Give the fields that drifted, the most frequent first."""
        return sorted(self._drifted.values(), key=lambda row: (-row.count, row.endpoint, row.field))

    def __call__(self, record: Record) -> None:
        """Take in one record."""
        match record:
            case DeprecationSeen():
                self._hear(record)
            case ReplyChecked(endpoint=endpoint, faults=faults):
                self.checked[endpoint] = self.checked.get(endpoint, 0) + 1
                for field, fault in faults:
                    self._note(endpoint, field, fault)
            case CallTranslated(endpoint=endpoint, address=address):
                key = (endpoint, address)
                self.translated[key] = self.translated.get(key, 0) + 1
            case LinkMended(endpoint=endpoint):
                self.mended_links[endpoint] = self.mended_links.get(endpoint, 0) + 1
            case _:
                pass

    def _hear(self, record: DeprecationSeen) -> None:
        row = self._announced.setdefault(record.endpoint, Announced(record.endpoint, record.date, record.replacement))
        row.date, row.replacement = record.date, record.replacement
        row.seen += 1
        row.last_seen = self._now()
        if record.brownout:
            row.brownouts += 1
            row.last_brownout = row.last_seen

    def _note(self, endpoint: str, field: str, fault: str) -> None:
        key = (endpoint, field, fault)
        row = self._drifted.get(key)
        if row is None:
            if len(self._drifted) >= MOST:
                return
            row = self._drifted[key] = Drifted(endpoint, field, fault, first_seen=self._now())
        row.count += 1
        row.last_seen = self._now()
