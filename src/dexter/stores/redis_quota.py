"""Sentry's quota shared over Redis or Valkey, by processes on any number of hosts.

One script is one step that nobody comes between; it counts as `quota_ledger.Sum` does, and a test holds them together.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from dexter.policy.headroom import PRIORITIES
from dexter.policy.quota import Peers
from dexter.stores.quota_ledger import KEPT_S, NOBODY, PRESENT_S, SILENT_S, LedgerFailed, Told, packed

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from redis.asyncio import Redis

    from dexter.stores.quota_ledger import Row, Wish

ANSWER_S = 0.25
"""How long an answer may take; a call waits no longer than that to hear what the others count."""

_WISH = struct.Struct(f"<{4 + 3 * PRIORITIES}d")
_TOLD = struct.Struct(f"<{2 + 4 * PRIORITIES}d")

_EXCHANGE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local function numbers(text) return {struct.unpack('<' .. string.rep('d', math.floor(#text / 8)), text)} end
local row, wish = numbers(ARGV[2]), numbers(ARGV[3])
local reset, began, limit, places = row[1], wish[1], wish[2], wish[3]
local newest, processes, used, flying, demand = 0, 1, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}
local told = redis.call('HGETALL', KEYS[1])
for at = 1, #told, 2 do
  if told[at] ~= ARGV[1] then
    local other = numbers(told[at + 1])
    local silent = now - other[3]
    if silent > tonumber(ARGV[4]) and other[1] < reset then
      redis.call('HDEL', KEYS[1], told[at])
    else
      newest = math.max(newest, other[1])
      if silent < tonumber(ARGV[4]) then processes = processes + 1 end
      for p = 1, 4 do
        local under_way = 0
        if silent < tonumber(ARGV[5]) then
          under_way = other[7 + p]
          demand[p] = demand[p] + other[11 + p]
        end
        flying[p] = flying[p] + under_way
        if other[1] == reset then
          used[p] = used[p] + other[3 + p]
        elseif other[2] >= began then
          used[p] = used[p] + under_way
        end
      end
    end
  end
end
local granted = {0, 0, 0, 0}
local function room(cap, counts, p, kept)
  local all, urgent = 0, 0
  for q = 1, 4 do
    all = all + counts[q]
    if q < p then urgent = urgent + counts[q] end
  end
  return math.max(0, cap - all - math.max(0, kept - urgent))
end
if newest <= reset then
  local sent, under_way = {}, {}
  for p = 1, 4 do sent[p], under_way[p] = row[3 + p] + used[p], row[7 + p] + flying[p] end
  for p = 1, 4 do
    local fit = math.min(wish[4 + p], room(limit, sent, p, wish[8 + p]))
    if places >= 0 then fit = math.min(fit, room(places, under_way, p, wish[12 + p])) end
    sent[p], under_way[p], granted[p] = sent[p] + fit, under_way[p] + fit, fit
    row[3 + p], row[7 + p] = row[3 + p] + fit, row[7 + p] + fit
  end
end
row[3] = now
redis.call('HSET', KEYS[1], ARGV[1], struct.pack('<' .. string.rep('d', #row), unpack(row)))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
local answer = {newest, processes}
for _, each in ipairs({granted, used, flying, demand}) do
  for p = 1, 4 do answer[#answer + 1] = each[p] end
end
return struct.pack('<' .. string.rep('d', #answer), unpack(answer))
"""
"""KEYS: a bucket. ARGV: holder, its row, its wish, how long a process counts as present and as alive, expiry in ms."""


class RedisQuotaLedger:
    """A `QuotaLedger` of all processes with the same namespace."""

    def __init__(self, client: Redis, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._exchange = client.register_script(_EXCHANGE)

    async def exchange(self, bucket: str, holder: str, row: Row, wish: Wish) -> Told:
        """Tell a row, and get what is wished for as far as there is room: one round trip."""
        places = -1 if wish.places is None else wish.places
        # The fourth number is of no use, and makes both rows alike to read.
        wished = _WISH.pack(wish.began, wish.limit, places, 0, *wish.calls, *wish.kept, *wish.kept_places)
        own = packed(row, NOBODY, 0.0)
        told: list[str | bytes | float] = [holder, own, wished, PRESENT_S, SILENT_S, round(KEPT_S * 1000)]
        answer = await _answered(self._exchange(keys=[self._name(f"bucket:{bucket}")], args=told))
        newest, processes, *numbers = _TOLD.unpack(answer)
        counts = [tuple(map(int, numbers[at : at + PRIORITIES])) for at in range(0, 3 * PRIORITIES, PRIORITIES)]
        granted, used, in_flight = counts
        if newest > row.reset_epoch:
            used = NOBODY
        demand = tuple(numbers[3 * PRIORITIES :])
        return Told(granted, Peers(used, in_flight, demand, max(newest, row.reset_epoch)), int(processes))

    async def learned(self, account: str, knowledge: bytes) -> None:
        """Keep what was learned of a credential's limits."""
        kept_ms = round(KEPT_S * 1000)
        await _answered(self._client.set(self._name(f"known:{account}"), knowledge, px=kept_ms))
        await _answered(self._client.set(self._name("limited"), b"1", px=kept_ms))

    async def known(self, account: str) -> bytes | None:
        """Give what any process learned of a credential's limits."""
        found = await _answered(self._client.get(self._name(f"known:{account}")))
        return found if isinstance(found, bytes) else None

    async def knows_any(self) -> bool:
        """Whether anybody ever met a limit."""
        return bool(await _answered(self._client.exists(self._name("limited"))))

    async def shared_by(self) -> int | None:
        """Give None: what cannot be asked remembers nothing."""
        return None

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    def _name(self, what: str) -> str:
        return f"{{{self._namespace}}}:quota:{what}"


async def _answered(command: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(ANSWER_S):
            return await command
    except (RedisError, OSError, TimeoutError) as error:
        raise LedgerFailed(type(error).__name__) from error
