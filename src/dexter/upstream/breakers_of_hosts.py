"""Joins a host's breakers with those of the other hosts that stand before the same Sentry.

Each host judges by itself what it sees. What it makes of that, an open breaker or one that closed again, the others
take over within half a second, and before a host sends a probe it makes sure that no other is at it. Eras put the
states in order: of two the later one counts. While the others cannot be asked, each host goes on by itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dexter.policy.call_class import CallClass
from dexter.stores.ranked_values import HostsUnreachable
from dexter.upstream.breakers import as_written, cell_of, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.stores.ranked_values import Ranked, RankedValues
    from dexter.upstream.breakers import Breakers, Changed
    from dexter.upstream.clock import Clock

ASKED_EVERY_S = 0.25
"""How often a process looks how the other hosts' breakers stand."""
CLAIMED_S = 600.0
"""How long a claim to a probe is kept, which counts for its era alone: longer than anybody stays behind."""


class BreakersOfHosts:
    """The way to the other hosts' breakers."""

    def __init__(self, values: RankedValues, breakers: Breakers, clock: Clock) -> None:
        self._values = values
        self._breakers = breakers
        self._clock = clock

    async def follow(self, on_change: Callable[[CallClass, Changed], None]) -> None:
        """Take over what others know later, and let them know what this host knows later, for ever."""
        while True:
            with suppress(HostsUnreachable):
                known = await self._values.all()
                for kind in CallClass:
                    await self._exchanged(kind, known.get(cell_of(kind), (0, b"")), on_change)
            await self._clock.sleep(ASKED_EVERY_S)

    async def may_probe(self, kind: CallClass, era: int) -> bool:
        """Whether no other host probes in this era; also when nobody can be asked."""
        try:
            return await self._values.claim(f"probe:{kind.value}:{era}", CLAIMED_S)
        except HostsUnreachable:
            return True

    async def _exchanged(
        self, kind: CallClass, theirs: Ranked, on_change: Callable[[CallClass, Changed], None]
    ) -> None:
        own = self._breakers.state(kind)
        if theirs[0] > own.era:
            on_change(kind, self._breakers.take_over(kind, state_of(theirs[1])))
        elif theirs[0] < own.era:
            await self._values.publish(cell_of(kind), (own.era, as_written(own)))
