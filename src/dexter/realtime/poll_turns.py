"""Whose turn it is to poll, of all processes: a lease beside the log, with what was read last and by when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dexter.stores.feed_log import Settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.stores.feed_log import FeedLog

LEASE, TOLD = "poller", "webhooks"
MARGIN_S = 15.0
"""How long beyond the next turn a poller that died keeps others from taking its place."""
POLL_S = 60.0
"""How long one poll may take."""


class _Lease(msgspec.Struct, frozen=True):
    holder: str
    until: float
    polled_at: float | None
    newest: int | None = None


class _Told(msgspec.Struct, frozen=True):
    at: float


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to poll. `since` is when anybody polled last, None if nobody ever did; `newest` the highest issue then.

    `told_at` is when a webhook came last, as far as that was noted.
    """

    since: float | None
    newest: int | None = None
    told_at: float = 0.0


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
            told = known.get(TOLD)
            told_at = 0.0 if told is None else msgspec.json.decode(told, type=_Told).at
            held = held or _Lease("", 0.0, None)
            given[:] = [Turn(held.polled_at, held.newest, told_at)]
            return _settled(_Lease(holder, now + POLL_S, held.polled_at, held.newest))

        await self._log.settle(organization, (LEASE, TOLD), decide)
        return given[0]

    async def polled(self, organization: str, holder: str, asked_at: float, newest: int | None, next_at: float) -> None:
        """Note that Sentry was read, and when the next turn is. Raises FeedUnavailable."""

        def decide(known: Mapping[str, bytes]) -> Settled:
            held = _read(known.get(LEASE))
            if held is None or held.holder != holder:
                return Settled()
            return _settled(_Lease(holder, next_at + MARGIN_S, asked_at, newest))

        await self._log.settle(organization, (LEASE,), decide)

    async def give_back(self, organization: str, holder: str) -> None:
        """Let another process poll at once. Raises FeedUnavailable."""

        def decide(known: Mapping[str, bytes]) -> Settled:
            held = _read(known.get(LEASE))
            if held is None or held.holder != holder:
                return Settled()
            return _settled(_Lease("", 0.0, held.polled_at, held.newest))

        await self._log.settle(organization, (LEASE,), decide)

    async def webhooks_told(self, organization: str, now: float) -> None:
        """Note that webhooks come. Raises FeedUnavailable."""
        told = msgspec.json.encode(_Told(now))
        await self._log.settle(organization, (TOLD,), lambda _: Settled({TOLD: told}))

    async def told_at(self, organization: str) -> float | None:
        """Give when a webhook came last, as far as that was noted; None where none ever did. Raises FeedUnavailable."""
        found: list[float | None] = []

        def look(known: Mapping[str, bytes]) -> Settled:
            told = known.get(TOLD)
            found[:] = [None if told is None else msgspec.json.decode(told, type=_Told).at]
            return Settled()

        await self._log.settle(organization, (TOLD,), look)
        return found[0]


def _settled(lease: _Lease) -> Settled:
    return Settled({LEASE: msgspec.json.encode(lease)})


def _read(body: bytes | None) -> _Lease | None:
    return None if body is None else msgspec.json.decode(body, type=_Lease)
