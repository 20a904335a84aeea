"""How a delivery leaves: signed, with Sentry's headers, and not waited for longer than a second."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_S = 1.0
"""So long Sentry waits for an answer."""

Post = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Sends a body to an address and gives the status. Raises OSError, or TimeoutError after the second."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where webhooks go, and what they are signed with."""

    url: str
    secret: str = field(repr=False)


def headers(address: Address, body: bytes, request_id: str, resource: str, at: float) -> dict[str, str]:
    """Give the headers of a delivery made at the epoch second `at`."""
    return {
        "Content-Type": "application/json",
        "Request-ID": request_id,
        "Sentry-Hook-Resource": resource,
        "Sentry-Hook-Timestamp": str(int(at)),
        "Sentry-Hook-Signature": hmac.new(address.secret.encode(), body, hashlib.sha256).hexdigest(),
    }


class HttpPost:
    """Sends over the network; one session as long as it lasts."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str, sent: Mapping[str, str], body: bytes) -> int:
        """Send and give the status."""
        # Imported here, since a sandbox that tells nobody need not pay for it.
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), auto_decompress=False, raise_for_status=False
            )
        try:
            async with self._session.post(url, data=body, headers=sent, allow_redirects=False) as reply:
                await reply.read()
                return reply.status
        except aiohttp.ClientError as error:
            raise OSError(str(error)) from error

    async def aclose(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            with suppress(RuntimeError):
                await asyncio.sleep(0)
