"""The feed's log in a Redis stream, shared by all hosts.

Whoever decides reads what is known with the line's version, and writes only if nobody else has written in between. If
Redis forgets its data, or starts anew and may have forgotten the last of it, a new epoch begins, and readers of the
old one are told of the gap.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from dexter.stores.feed_log import KEPT_RECORDS, KNOWN_S, Decide, FeedUnavailable, Page, Record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from redis.asyncio import Redis

TRIES = 50
_KNOWN_MS = round(KNOWN_S * 1000)

_SERVER = """
local function server()
  local told = redis.pcall('INFO', 'server')
  return type(told) == 'string' and string.match(told, 'run_id:(%x+)') or ''
end
"""
"""Names one run of one server; nothing where that is not said."""
_READ = (
    _SERVER
    + """
local run = server()
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'last', '0', 'version', '0', 'begins', '0', 'run', run)
end
local before = redis.call('HGET', KEYS[1], 'run')
if run ~= '' and before ~= run then
  if before and before ~= '' then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'begins', redis.call('HGET', KEYS[1], 'last'))
  end
  redis.call('HSET', KEYS[1], 'run', run)
end
local known = {}
for at = 3, #KEYS do known[at - 2] = redis.call('GET', KEYS[at]) end
return {redis.call('HMGET', KEYS[1], 'epoch', 'last', 'version', 'begins'), known}
"""
)
"""KEYS: line, stream, known... ARGV: a name for a new epoch."""
_WRITE = (
    _SERVER
    + """
local line = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'run')
if line[1] ~= ARGV[1] or line[2] ~= ARGV[2] or (line[3] or '') ~= server() then return false end
local last = tonumber(redis.call('HGET', KEYS[1], 'last'))
local count = tonumber(ARGV[5])
for at = 1, count do
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', last + at), 'b', ARGV[5 + at])
end
for at = 3, #KEYS do redis.call('SET', KEYS[at], ARGV[5 + count + at - 2], 'PX', ARGV[4]) end
redis.call('HSET', KEYS[1], 'last', string.format('%.0f', last + count))
redis.call('HINCRBY', KEYS[1], 'version', 1)
return last
"""
)
"""KEYS: as above. ARGV: epoch, version, how many records stay, how long subjects do, how many come, they, known..."""


class RedisFeedLog:
    """A `FeedLog` over Redis or Valkey."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{{{namespace}}}:feed"
        self._read: Any = redis.register_script(_READ)
        self._write: Any = redis.register_script(_WRITE)

    async def settle(self, organization: str, subjects: Collection[str], decide: Decide) -> tuple[Record, ...]:
        """Decide over subjects and give what was recorded."""
        named = tuple(dict.fromkeys(subjects))
        for _ in range(TRIES):
            line, found = await self._asked(self._read(self._keys(organization, named), [secrets.token_hex(8)]))
            known = {subject: bytes(body) for subject, body in zip(named, found, strict=False) if body}
            settled = decide(known)
            if not settled.records and not settled.known:
                return ()
            keys = self._keys(organization, tuple(settled.known))
            given = [line[0], line[2], KEPT_RECORDS, _KNOWN_MS, len(settled.records)]
            last = await self._asked(self._write(keys, [*given, *settled.records, *settled.known.values()]))
            if last is not None:
                return tuple(Record(int(last) + number, body) for number, body in enumerate(settled.records, start=1))
        raise FeedUnavailable("others kept deciding over the same at the same time")

    async def after(self, organization: str, offset: int, limit: int) -> Page:
        """Give up to `limit` records after an offset."""
        stream = self._keys(organization, ())[1]
        read = partial(self._redis.xrange, stream, min=f"({offset}-0", count=limit)
        return await self._page(organization, read if limit else None)

    async def before(self, organization: str, offset: int, limit: int) -> Page:
        """Give up to `limit` records before an offset, the last one first."""
        stream = self._keys(organization, ())[1]
        read = partial(self._redis.xrevrange, stream, max=f"({offset}-0", count=limit)
        # Before the first of all is nothing, which Redis takes for a range that is none.
        return await self._page(organization, read if limit and offset > 1 else None)

    async def wait(self, organization: str, offset: int, timeout_s: float) -> None:
        """Wait until the log may have gone past an offset, or so long."""
        stream = self._keys(organization, ())[1]
        # A blocked read must end before the client believes the connection dead.
        block_ms = max(1, min(round(timeout_s * 1000), 500))
        await self._asked(self._redis.xread({stream: f"{offset}-0"}, count=1, block=block_ms))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)

    async def _page(self, organization: str, read: Callable[[], Awaitable[Any]] | None) -> Page:
        keys = self._keys(organization, ())
        line, _ = await self._asked(self._read(keys, [secrets.token_hex(8)]))
        first = await self._asked(self._redis.xrange(keys[1], count=1))
        found = await self._asked(read()) if read is not None else []
        last, begins = int(line[1]), int(line[3] or 0)
        oldest = _offset(first[0][0]) if first else (last + 1 if last else 0)
        records = tuple(Record(_offset(name), body[b"b"]) for name, body in found)
        return Page(line[0].decode(), oldest, last, records, begins)

    def _keys(self, organization: str, subjects: tuple[str, ...]) -> list[str]:
        base = f"{self._prefix}:{organization}"
        return [f"{base}:line", f"{base}:stream", *(f"{base}:known:{subject}" for subject in subjects)]

    async def _asked(self, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except (RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise FeedUnavailable(f"Redis does not answer: {type(error).__name__}") from error


def _offset(name: bytes) -> int:
    return int(name.partition(b"-")[0])
