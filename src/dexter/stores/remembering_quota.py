"""The quota ledger of many hosts, of which this host remembers what a process needs that begins while it is away.

What was learned of limits, and how many processes shared them last, is written to this host's own file too.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dexter.stores.quota_ledger import PRESENT_S, LedgerFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.stores.quota_ledger import HostQuotaLedger, QuotaLedger, Row, Told, Wish

_PROCESSES = "processes"


class RememberingQuotaLedger:
    """A `QuotaLedger` over another one."""

    def __init__(self, shared: QuotaLedger, host: HostQuotaLedger, now: Callable[[], float]) -> None:
        """Share over `shared`, remember in `host`."""
        self._shared = shared
        self._host = host
        self._now = now
        self._processes = 0
        self._noted_at = 0.0

    async def exchange(self, bucket: str, holder: str, row: Row, wish: Wish) -> Told:
        """Tell a row, and get what is wished for as far as there is room."""
        told = await self._shared.exchange(bucket, holder, row, wish)
        await self._note(told.processes)
        return told

    async def learned(self, account: str, knowledge: bytes) -> None:
        """Keep what was learned of a credential's limits, here and for all."""
        with suppress(LedgerFailed):
            await self._host.learned(account, knowledge)
        await self._shared.learned(account, knowledge)

    async def known(self, account: str) -> bytes | None:
        """Give what any process learned of a credential's limits; of those of this host, when no more is to be had."""
        with suppress(LedgerFailed):
            found = await self._shared.known(account)
            if found is not None:
                return found
        return await self._host.known(account)

    async def knows_any(self) -> bool:
        """Whether anybody ever met a limit."""
        with suppress(LedgerFailed):
            if await self._host.knows_any():
                return True
        return await self._shared.knows_any()

    async def shared_by(self) -> int | None:
        """Give how many processes shared it when this host last heard of it, within a day."""
        with suppress(LedgerFailed, ValueError):
            return int(await self._host.known(_PROCESSES) or b"") or None
        return None

    async def aclose(self) -> None:
        """Let go of both."""
        await self._shared.aclose()
        await self._host.aclose()

    async def _note(self, processes: int) -> None:
        """Write down the most that shared it within a minute: not every process uses every bucket."""
        now = self._now()
        is_old = not 0 <= now - self._noted_at < PRESENT_S
        if processes > self._processes or is_old:
            self._processes, self._noted_at = processes, now
            with suppress(LedgerFailed):
                await self._host.learned(_PROCESSES, b"%d" % processes)
