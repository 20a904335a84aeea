"""What was seen of Sentry's API changing: addresses on their way out, and replies that drift from the catalog.

An observer that writes on the board which all workers share, so that whoever is asked tells what all of them saw. What
it holds names operations and fields, never data, and is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.observe.board import Board
from dexter.observe.promises import Notices
from dexter.observe.records import CallTranslated, DeprecationSeen, LinkMended, Record, ReplyChecked

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 2_000
"""How many fields are remembered; beyond that only those that are known are counted on."""


@dataclass(frozen=True, slots=True)
class Announced:
    """An address that Sentry said is on its way out."""

    endpoint: str
    date: str
    replacement: str | None
    seen: int
    brownouts: int
    last_seen: float
    last_brownout: float | None


@dataclass(frozen=True, slots=True)
class Drifted:
    """A field that was not as the catalog says."""

    endpoint: str
    field: str
    fault: str
    count: int
    first_seen: float
    last_seen: float


class Evolution:
    """Remembers announcements, drift, translations and mended links, with how often each was seen."""

    def __init__(self, now: Callable[[], float], board: Board | None = None) -> None:
        """Remember; `board` is where other workers' memory stands, too."""
        board = board or Board()
        self._announced = Notices(board, "announced", now)
        self._brownouts = Notices(board, "brownout", now)
        self._drifted = Notices(board, "drifted", now, MOST)
        self._checked = Notices(board, "checked", now)
        self._translated = Notices(board, "translated", now)
        self._mended = Notices(board, "mended", now)

    @property
    def checked(self) -> dict[str, int]:
        """Give how many replies of each operation were held against the catalog."""
        return {each.key[0]: each.count for each in self._checked.listed()}

    @property
    def translated(self) -> dict[tuple[str, str], int]:
        """Give how many calls of an operation went to another address, by the kind of address that Sentry lacks."""
        return {(each.key[0], each.key[1]): each.count for each in self._translated.listed()}

    @property
    def mended_links(self) -> dict[str, int]:
        """Give how many malformed links of each operation were set right."""
        return {each.key[0]: each.count for each in self._mended.listed()}

    def announced(self) -> list[Announced]:
        """Give the addresses on their way out, the latest heard of first."""
        brownouts = {each.key[0]: each for each in self._brownouts.listed()}
        rows: dict[str, Announced] = {}
        # The latest word of Sentry's comes first, and counts.
        for each in self._announced.listed():
            endpoint, date, replacement = each.key
            seen = rows[endpoint].seen if endpoint in rows else 0
            latest = rows.get(endpoint)
            browned = brownouts.get(endpoint)
            rows[endpoint] = Announced(
                endpoint,
                latest.date if latest else date,
                latest.replacement if latest else replacement or None,
                seen + each.count,
                browned.count if browned else 0,
                latest.last_seen if latest else each.last_seen,
                browned.last_seen if browned else None,
            )
        return list(rows.values())

    def drifted(self) -> list[Drifted]:
        """Give the fields that drifted, the most frequent first."""
        rows = [
            Drifted(each.key[0], each.key[1], each.key[2], each.count, each.first_seen, each.last_seen)
            for each in self._drifted.listed()
        ]
        return sorted(rows, key=lambda row: (-row.count, row.endpoint, row.field))

    def __call__(self, record: Record) -> None:
        """Take in one record."""
        match record:
            case DeprecationSeen(endpoint="*"):
                # Addresses that the catalog does not know share this name, so that it would say nothing.
                pass
            case DeprecationSeen(endpoint=endpoint, date=date, replacement=replacement, brownout=brownout):
                self._announced.note(endpoint, date, replacement or "")
                if brownout:
                    self._brownouts.note(endpoint)
            case ReplyChecked(endpoint=endpoint, faults=faults):
                self._checked.note(endpoint)
                for field, fault in faults:
                    self._drifted.note(endpoint, field, fault)
            case CallTranslated(endpoint=endpoint, address=address):
                self._translated.note(endpoint, address)
            case LinkMended(endpoint=endpoint):
                self._mended.note(endpoint)
            case _:
                pass
