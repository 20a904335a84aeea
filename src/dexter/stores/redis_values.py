"""`RankedValues` over Redis or Valkey."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from dexter.stores.ranked_values import HostsUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from redis.asyncio import Redis

    from dexter.stores.ranked_values import Ranked

ANSWER_S = 0.25
"""How long an answer may take: a probe of Sentry waits no longer than that."""
KEPT_MS = 24 * 3600 * 1000

_PUBLISH = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and tonumber(string.match(known, '^%d+')) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
"""KEYS: all values. ARGV: name, rank, value, how long values stay."""


class RedisValues:
    """`RankedValues` of all hosts with the same namespace."""

    def __init__(self, client: Redis, namespace: str) -> None:
        self._client = client
        self._name = f"{{{namespace}}}:values"
        self._holder = secrets.token_hex(8)
        self._publish = client.register_script(_PUBLISH)

    async def all(self) -> Mapping[str, Ranked]:
        """Give all there are."""
        found: dict[bytes, bytes] = await _answered(self._client.hgetall(self._name))
        return {name.decode(): _ranked(kept) for name, kept in found.items()}

    async def publish(self, name: str, ranked: Ranked) -> None:
        """Put a value there, unless there is one of the same rank or a higher one."""
        rank, value = ranked
        await _answered(self._publish(keys=[self._name], args=[name, rank, value, KEPT_MS]))

    async def claim(self, name: str, for_s: float) -> bool:
        """Take something that one host may have at a time; False while another has it."""
        key = f"{self._name}:{name}"
        return bool(await _answered(self._client.set(key, self._holder, nx=True, px=max(1, round(for_s * 1000)))))

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._client.aclose()


def _ranked(kept: bytes) -> Ranked:
    rank, _, value = kept.partition(b" ")
    return int(rank), value


async def _answered(command: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(ANSWER_S):
            return await command
    except (RedisError, OSError, TimeoutError) as error:
        raise HostsUnreachable(type(error).__name__) from error
