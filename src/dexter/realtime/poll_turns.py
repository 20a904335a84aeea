"""Whose turn it is to poll, of all processes: a lease beside the log, with when Sentry was read last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dexter.stores.feed_log import Settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.stores.feed_log import FeedLog

LEASE = "poller"
LEASE_S = 75.0
"""How long a poller that died keeps others from taking its place; longer than its slowest pause."""


class _Lease(msgspec.Struct, frozen=True):
    holder: str
    until: float
    polled_at: float | None


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to poll. `since` is when anybody polled last, None if nobody ever did."""

    since: float | None


class PollTurns:
    """Gives one process at a time leave to poll."""

    def __init__(self, log: FeedLog) -> None:
        self._log = log

    async def take(self, organization: str, holder: str, now: float) -> Turn | None:
        """Give leave to poll, or None while another process has it. Raises FeedUnavailable."""
        given: list[Turn | None] = []

        def decide(known: Mapping[str, bytes]) -> Settled:
            held = _read(known.get(LEASE))
            if held is not None and held.holder != holder and held.until > now:
                given[:] = [None]
                return Settled()
            polled_at = None if held is None else held.polled_at
            given[:] = [Turn(polled_at)]
            return Settled({LEASE: msgspec.json.encode(_Lease(holder, now + LEASE_S, polled_at))})

        await self._log.settle(organization, (LEASE,), decide)
        return given[0]

    async def polled(self, organization: str, holder: str, asked_at: float) -> None:
        """Note that Sentry was read. Raises FeedUnavailable."""

        def decide(known: Mapping[str, bytes]) -> Settled:
            held = _read(known.get(LEASE))
            if held is None or held.holder != holder:
                return Settled()
            return Settled({LEASE: msgspec.json.encode(_Lease(holder, held.until, asked_at))})

        await self._log.settle(organization, (LEASE,), decide)

    async def give_back(self, organization: str, holder: str) -> None:
        """Let another process poll at once. Raises FeedUnavailable."""

        def decide(known: Mapping[str, bytes]) -> Settled:
            held = _read(known.get(LEASE))
            if held is None or held.holder != holder:
                return Settled()
            return Settled({LEASE: msgspec.json.encode(_Lease("", 0.0, held.polled_at))})

        await self._log.settle(organization, (LEASE,), decide)


def _read(body: bytes | None) -> _Lease | None:
    return None if body is None else msgspec.json.decode(body, type=_Lease)
