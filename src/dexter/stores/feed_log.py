"""The feed's log: one ordered line of records for each organization, and what is known of its subjects beside it.

Records get offsets that grow by one. An epoch names one unbroken line: where it is another one than a reader knows,
what lies between is lost, and the reader has to be told. What is known and what is recorded change together, so that
two processes that see the same change record it once.

A store that comes back after a failure may have lost its last second, and would give the same offsets again, to other
records. So another epoch begins then, too; what is left of the one before stays for those who look back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

KEPT_RECORDS = 20_000
"""How many records of an organization stay, at least while they are younger than `KEPT_S`."""
KEPT_S = 7 * 86_400.0
KNOWN_S = 90 * 86_400.0
"""How long a subject stays known that nobody hears of any more."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record; its body is for whoever reads it to understand."""

    offset: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of the log. `oldest` and `last` are the first and the last offset there are; 0 and 0 of an empty one."""

    epoch: str
    oldest: int
    last: int
    records: tuple[Record, ...] = ()
    begins: int = 0
    """What was recorded up to this offset is of an earlier epoch, of which this one only knows what it kept."""

    def reaches(self, offset: int) -> bool:
        """Whether nothing is missing between a reader that has had everything up to an offset and this log."""
        return offset <= self.last and (self.last == 0 or offset >= self.oldest - 1)


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of subjects from now on, and the records that this is."""

    known: Mapping[str, bytes] = field(default_factory=dict)
    records: tuple[bytes, ...] = ()


Decide = Callable[[Mapping[str, bytes]], Settled]
"""Makes of what is known of some subjects what is known next. It may be asked more than once, so it is pure."""


class FeedLog(Protocol):
    """Where the log is kept. Everything raises FeedUnavailable when it cannot be reached."""

    async def settle(self, organization: str, subjects: Collection[str], decide: Decide) -> tuple[Record, ...]:
        """Decide over subjects and give what was recorded. No other process decides over them at the same time."""

    async def after(self, organization: str, offset: int, limit: int) -> Page:
        """Give up to `limit` records after an offset."""

    async def before(self, organization: str, offset: int, limit: int) -> Page:
        """Give up to `limit` records before an offset, the last one first."""

    async def wait(self, organization: str, offset: int, timeout_s: float) -> None:
        """Wait until the log may have gone past an offset, or so long."""

    async def aclose(self) -> None:
        """Let go of it."""


class FeedUnavailable(Exception):
    """The log cannot be reached now."""
