"""Redis or Valkey as the place that all hosts share: the order of purges, the entries, and who is asking Sentry.

Everything that must not be torn apart is one script, which Redis runs alone. All keys carry one hash tag, so that a
cluster keeps them together. Whatever Redis forgets, by a restart or for want of memory, begins a new epoch: what was
kept in the old one is then no longer found.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from dexter.stores.flights import LEASE_S as FLIGHT_LEASE_S
from dexter.stores.flights import Lead, Led
from dexter.stores.leased_purges import LEASE_S, Purge, PurgeServerFailed, Renewal, Whole
from dexter.stores.packing import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from dexter.stores.entry import Entry
    from dexter.stores.leased_purges import LeasedPurges
    from dexter.stores.store import Mark

ANSWER_S = 1.0
"""How long an answer of Redis may take; what takes longer counts as failed, and Sentry is asked instead."""
KEEP_MS = 25 * 60 * 60 * 1000
"""How long entries stay: as long as the longest rule lets them stand in for an error, and an hour."""
ORDER_CONNECTIONS = 16
ENTRY_CONNECTIONS = 16
"""Purges and leads have connections of their own: a crowd that reads entries must not hold up what they are judged by.
Who finds all of them taken waits for one, since a crowd is no failure of Redis."""
LONGEST_QUEUE = 200
"""So many entries may be on their way to Redis; beyond that new ones are not sent."""

_AGE = struct.Struct("<d")
_FLIGHT_MS = round(FLIGHT_LEASE_S * 1000)

_BEGIN = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch, generation = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
if not epoch or not generation or redis.call('EXISTS', KEYS[3], KEYS[4]) < 2
    or tonumber(generation) < tonumber(ARGV[1]) then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
  epoch, generation = ARGV[2], string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('SET', KEYS[1], epoch)
  redis.call('SET', KEYS[2], generation)
  redis.call('SETRANGE', KEYS[3], 0, string.char(0))
  redis.call('XADD', KEYS[4], generation .. '-0', 'p', '0', 's', '', 'l', '', 'u', '0')
end
"""
"""KEYS: epoch, generation, table, purges, alive, seen. ARGV: a generation that was seen, a name for a new epoch."""

_RENEW = (
    _BEGIN
    + """
redis.call('ZADD', KEYS[5], now, ARGV[3])
redis.call('HSET', KEYS[6], ARGV[3], ARGV[1])
if tonumber(generation) == tonumber(ARGV[1]) then return {epoch, generation, now, {}} end
return {epoch, generation, now, redis.call('XRANGE', KEYS[4], '(' .. ARGV[1] .. '-0', '+', 'COUNT', 500)}
"""
)
_WHOLE = (
    _BEGIN
    + """
return {epoch, generation, now, redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 500), redis.call('GET', KEYS[3])}
"""
)
_PURGE = (
    _BEGIN
    + """
local previous = generation
generation = string.format('%.0f', math.max(time[1] * 1000000 + time[2], tonumber(generation) + 1))
redis.call('SET', KEYS[2], generation)
local packed = struct.pack('<I8', tonumber(generation))
for at = 1, #ARGV[3], 4 do
  redis.call('SETRANGE', KEYS[3], struct.unpack('<I4', ARGV[3], at) * 8, packed)
end
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 5000, generation .. '-0',
  'p', previous, 's', ARGV[3], 'l', ARGV[4], 'u', string.format('%.0f', now + tonumber(ARGV[5])))
for _, silent in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now - 60000)) do
  redis.call('ZREM', KEYS[5], silent)
  redis.call('HDEL', KEYS[6], silent)
end
return generation
"""
)
_ALL_TOLD = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, holder in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now - tonumber(ARGV[3]), '+inf')) do
  if holder ~= ARGV[1] and tonumber(redis.call('HGET', KEYS[2], holder) or '0') < tonumber(ARGV[2]) then return 0 end
end
return 1
"""
_PUT = """
local held = redis.call('GETRANGE', KEYS[1], 0, 7)
if #held == 8 and struct.unpack('<d', held) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
"""An answer that was asked for earlier does not replace a later one."""
_LEAD_FLIGHT = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
return redis.call('GET', KEYS[1])
"""
_END_FLIGHT = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_KEEP_FLIGHT = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
)


def connected(url: str, connections: int = ORDER_CONNECTIONS) -> Redis:
    """Give a client that fails soon and does not try again by itself; it connects at the first command."""
    pool = BlockingConnectionPool.from_url(
        url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
        max_connections=connections,
        timeout=ANSWER_S,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    return Redis.from_pool(pool)


class RedisPurgeServer:
    """A `PurgeServer`. Processes with the same namespace share their purges."""

    def __init__(self, client: Redis, namespace: str) -> None:
        self._client = client
        names = ("epoch", "generation", "table", "purges", "alive", "seen")
        self._keys = [f"{{{namespace}}}:{name}" for name in names]
        self._scripts = {text: client.register_script(text) for text in (_RENEW, _WHOLE, _PURGE, _ALL_TOLD)}

    async def whole(self) -> Whole:
        """Give all there is."""
        epoch, generation, now, recent, table = await self._run(_WHOLE, self._keys, 0, secrets.token_hex(8))
        return Whole(epoch.decode(), int(generation), table, [_purge(each, int(now)) for each in recent])

    async def renew(self, holder: str, seen: int) -> Renewal:
        """Give the purges since generation `seen`, which the holder thereby says it has learned."""
        told = await self._run(_RENEW, self._keys, seen, secrets.token_hex(8), holder)
        epoch, generation, now, purges = told
        return Renewal(epoch.decode(), int(generation), [_purge(each, int(now)) for each in purges])

    async def purge(self, slots: list[int], lags: list[int], lag_s: float) -> int:
        """Record a purge and give its generation."""
        told = (_as_bytes(slots), _as_bytes(lags), round(lag_s * 1000))
        return int(await self._run(_PURGE, self._keys, 0, secrets.token_hex(8), *told))

    async def all_told(self, holder: str, generation: int) -> bool:
        """Whether all other holders whose lease may still run have learned of a generation."""
        return bool(await self._run(_ALL_TOLD, self._keys[4:], holder, generation, round(LEASE_S * 1000)))

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def _run(self, script: str, keys: list[str], *arguments: str | bytes | int) -> Any:
        try:
            return await self._scripts[script](keys=keys, args=list(arguments))
        except (RedisError, OSError, TimeoutError) as error:
            raise PurgeServerFailed(type(error).__name__) from error


class RedisLevel:
    """A `Level` in Redis. While that is away it gives and takes nothing."""

    def __init__(self, client: Redis, namespace: str, purges: LeasedPurges) -> None:
        self._client = client
        self._namespace = namespace
        self._purges = purges
        self._put_script = client.register_script(_PUT)
        self._writes: set[asyncio.Task[None]] = set()
        self._reads: dict[str, asyncio.Task[Entry | None]] = {}

    async def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None. A crowd of this process asks Redis once."""
        read = self._reads.get(key)
        if read is None:
            read = self._reads[key] = asyncio.ensure_future(self.get_anew(key))
            read.add_done_callback(lambda _: self._reads.pop(key, None))
        return await asyncio.shield(read)

    async def get_anew(self, key: str) -> Entry | None:
        """Give what is under a key from now on, or None."""
        if self._purges.is_away:
            return None
        data = await self._quietly(self._client.get(self._name(key)))
        entry = unpacked(data[_AGE.size :]) if isinstance(data, bytes) else None
        return None if entry is None else entry.marked(self._purges.own)

    def put(self, entry: Entry) -> None:
        """Begin to keep an entry."""
        if not self._purges.is_away and len(self._writes) < LONGEST_QUEUE:
            write = asyncio.ensure_future(self._put(entry))
            self._writes.add(write)
            write.add_done_callback(self._writes.discard)

    async def discard(self, key: str) -> None:
        """Forget the entry of a key."""
        if not self._purges.is_away:
            await self._quietly(self._client.delete(self._name(key)))

    async def settled(self) -> None:
        """Return when what was put so far is there, or is known not to come."""
        if self._writes:
            await asyncio.wait(self._writes)

    async def aclose(self) -> None:
        """Wait for what is on its way, and let the connections go."""
        await self.settled()
        await self._client.aclose()

    async def _put(self, entry: Entry) -> None:
        data = packed(entry.marked(self._purges.shared))
        told: list[float | bytes] = [entry.stored_at, _AGE.pack(entry.stored_at) + data, KEEP_MS]
        await self._quietly(self._put_script(keys=[self._name(entry.key)], args=told))

    def _name(self, key: str) -> str:
        return f"{{{self._namespace}}}:entry:{self._purges.epoch}:{key}"

    async def _quietly(self, command: Awaitable[Any]) -> Any:
        try:
            return await command
        except (RedisError, OSError, TimeoutError):
            # The purges over the same Redis fail, too, and say so; here it is just nothing kept.
            return None


class RedisFlights:
    """`Flights` over all hosts that share a Redis. Without it everybody asks for himself."""

    def __init__(self, client: Redis, namespace: str, purges: LeasedPurges) -> None:
        self._client = client
        self._namespace = namespace
        self._purges = purges
        self._lead = client.register_script(_LEAD_FLIGHT)
        self._keep = client.register_script(_KEEP_FLIGHT)
        self._end = client.register_script(_END_FLIGHT)

    async def lead(self, key: str, began_at: float, mark: Mark) -> Lead | Led | None:
        """Take the lead, or give who has it, or None when that cannot be known."""
        if self._purges.is_away:
            return None
        token = f"{secrets.token_hex(8)} {began_at!r} {self._purges.shared(mark)}"
        try:
            held = await self._lead(keys=[self._name(key)], args=[token, _FLIGHT_MS])
        except (RedisError, OSError, TimeoutError):
            return None
        if not isinstance(held, bytes):
            return Lead(key, token)
        text = held.decode()
        _, began, generation = text.split(" ")
        return Led(key, text, float(began), self._purges.own(int(generation)))

    async def keep(self, lead: Lead) -> None:
        """Give a sign of life: the lease begins anew."""
        with suppress(RedisError, OSError, TimeoutError):
            await self._keep(keys=[self._name(lead.key)], args=[lead.token, _FLIGHT_MS])

    async def is_under_way(self, led: Led) -> bool:
        """Whether another's flight goes on."""
        try:
            held = await self._client.get(self._name(led.key))
        except (RedisError, OSError, TimeoutError):
            return False
        return isinstance(held, bytes) and held.decode() == led.token

    async def end(self, leads: Sequence[Lead]) -> None:
        """Give leads back."""
        with suppress(RedisError, OSError, TimeoutError):
            async with self._client.pipeline(transaction=False) as line:
                for lead in leads:
                    await self._end(keys=[self._name(lead.key)], args=[lead.token], client=line)
                await line.execute()

    def _name(self, key: str) -> str:
        return f"{{{self._namespace}}}:flight:{key}"


def _purge(told: tuple[bytes, list[bytes] | dict[bytes, bytes]], now_ms: int) -> Purge:
    name, listed = told
    fields = listed if isinstance(listed, dict) else dict(zip(listed[::2], listed[1::2], strict=True))
    return Purge(
        generation=int(name.partition(b"-")[0]),
        previous=int(fields[b"p"]),
        slots=_as_slots(fields[b"s"]),
        lags=_as_slots(fields[b"l"]),
        lag_s=max(0, int(fields[b"u"]) - now_ms) / 1000,
    )


def _as_bytes(slots: list[int]) -> bytes:
    return struct.pack(f"<{len(slots)}I", *slots)


def _as_slots(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data))
