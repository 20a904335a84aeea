"""Values that hosts share: each has a rank, and of two the one with the higher rank counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Ranked = tuple[int, bytes]


class HostsUnreachable(Exception):
    """The other hosts cannot be asked."""


class RankedValues(Protocol):
    """Values by name. Every method raises HostsUnreachable."""

    async def all(self) -> Mapping[str, Ranked]:
        """Give all there are."""

    async def publish(self, name: str, ranked: Ranked) -> None:
        """Put a value there, unless there is one of the same rank or a higher one."""

    async def claim(self, name: str, for_s: float) -> bool:
        """Take something that one host may have at a time; False while another has it."""

    async def aclose(self) -> None:
        """Let go of the way to them."""
