"""Who, of all processes, is asking Sentry a question that several of them want answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dexter.stores.store import Mark

LEASE_S = 2.0
"""How long a flight is believed to be under way without a sign of life: the longest that a crash holds others up."""


@dataclass(frozen=True, slots=True)
class Lead:
    """This process asks; the others wait for it."""

    key: str
    token: str


@dataclass(frozen=True, slots=True)
class Led:
    """Another process asks. `began_at` is the epoch second, by its own clock, at which it took the lead."""

    key: str
    token: str
    began_at: float
    mark: Mark
    """Where in the order of purges it took the lead: who comes after a purge of its tags must not wait for it."""


class Flights(Protocol):
    """Leads by key, each with a lease. It never raises: where leads cannot be known, everybody asks for himself."""

    async def lead(self, key: str, began_at: float, mark: Mark) -> Lead | Led | None:
        """Take the lead, or give who has it, or None when that cannot be known."""

    async def keep(self, lead: Lead) -> None:
        """Give a sign of life: the lease begins anew."""

    async def is_under_way(self, led: Led) -> bool:
        """Whether another's flight goes on: neither landed nor silent for longer than its lease."""

    async def end(self, leads: Sequence[Lead]) -> None:
        """Give leads back."""
