"""Answers in the encodings that their callers take: each made once, when it is first wanted, and kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

from dexter.gateway.packing import Opened, opened, packed
from dexter.policy.encoding import Coding, choice
from dexter.upstream.bodies import gunzip

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.wire import Headers

T = TypeVar("T")

ROOM_BYTES = 16 * 1024 * 1024
LEAST_BYTES = 1024
"""Smaller bodies fit into one packet as they are."""
OFF_LOOP_BYTES = {Coding.IDENTITY: 256 * 1024, Coding.GZIP: 32 * 1024}
"""By what is at hand: packing more than this would hold up every other request for a millisecond; a thread does it."""
_LARGEST_BYTES = 256 * 1024 * 1024
"""Beyond what is ever stored: how much a body may grow was settled when it came."""


@dataclass(frozen=True, slots=True)
class Source:
    """A body as it is at hand, and what it is the body of.

    `owner` is the stored answer if there is one, else the bytes themselves; `label` tells apart several bodies made
    of the same one.
    """

    owner: object
    body: bytes
    coding: Coding = Coding.IDENTITY
    label: str = ""


class Representations:
    """Packed bodies and tags, by the very object they were made of. Bounded: the oldest go first."""

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._made: OrderedDict[tuple[int, str], tuple[object, Any, int]] = OrderedDict()
        self._under_way: dict[tuple[int, str], asyncio.Future[Any]] = {}

    async def whole(self, source: Source, coding: Coding) -> bytes:
        """Give a body in an encoding."""
        if coding is source.coding:
            return source.body
        return await self._once(source, f"{coding} {source.label}", lambda: packed(_plain(source), coding))

    async def begun(self, source: Source, coding: Coding) -> Opened:
        """Give the beginning of a body in an encoding, whose end is still to come."""
        return await self._once(source, f"{coding}+ {source.label}", lambda: opened(_plain(source), coding))

    async def digest(self, source: Source) -> str:
        """Give what tells a body from others, whatever its encoding."""
        return await self._once(source, f"digest {source.label}", lambda: _digest(_plain(source)))

    async def _once(self, source: Source, label: str, make: Callable[[], T]) -> T:
        key = (id(source.owner), label)
        found = self._made.get(key)
        if found is not None and found[0] is source.owner:
            made: T = found[1]
            return made
        if len(source.body) <= OFF_LOOP_BYTES[source.coding]:
            return self._keep(key, source, make())
        under_way = self._under_way.get(key)
        if under_way is None:
            # What is being made holds its owner, so that no other object can have its id meanwhile.
            under_way = self._under_way[key] = asyncio.ensure_future(asyncio.to_thread(make))
            under_way.add_done_callback(lambda _: self._under_way.pop(key, None))
        value: T = await asyncio.shield(under_way)
        return self._keep(key, source, value)

    def _keep(self, key: tuple[int, str], source: Source, made: T) -> T:
        size = len(source.body) + (len(made) if isinstance(made, bytes) else 0)
        if isinstance(made, Opened):
            size += len(made.packed)
        known = self._made.pop(key, None)
        self._room_bytes += known[2] if known is not None else 0
        self._made[key] = (source.owner, made, size)
        self._room_bytes -= size
        while self._room_bytes < 0:
            self._room_bytes += self._made.popitem(last=False)[1][2]
        return made


def wanted(accept_encoding: str | None, source: Source) -> Coding:
    """Give the encoding to give a body in: the one that its caller likes best, where packing is worth it."""
    return choice(accept_encoding, source.coding if len(source.body) < LEAST_BYTES else None)


def varying(headers: Headers) -> Headers:
    """Give header fields that say that another `Accept-Encoding` may get other bytes."""
    stated = [value for name, value in headers if name.lower() == "vary"]
    named = {each.strip().lower() for value in stated for each in value.split(",")}
    if named & {"*", "accept-encoding"}:
        return headers
    others = tuple(pair for pair in headers if pair[0].lower() != "vary")
    return (*others, ("vary", ", ".join((*stated, "Accept-Encoding"))))


def in_coding(headers: Headers, coding: Coding) -> Headers:
    """Give header fields that say which encoding a body is in."""
    others = tuple(pair for pair in headers if pair[0].lower() != "content-encoding")
    return others if coding is Coding.IDENTITY else (*others, ("content-encoding", coding.value))


def _plain(source: Source) -> bytes:
    # Sentry packs in gzip only, since nothing else is asked of it.
    return gunzip(source.body, _LARGEST_BYTES) if source.coding is Coding.GZIP else source.body


def _digest(plain: bytes) -> str:
    return blake2b(plain, digest_size=12).hexdigest()
