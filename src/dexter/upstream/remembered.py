"""A small memory for a while: what was found out about somebody's view of Sentry."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from dexter.upstream.clock import Clock

V = TypeVar("V")

REMEMBERED = 5_000


class Remembered(Generic[V]):
    """Values by key for a while, the oldest forgotten first."""

    def __init__(self, clock: Clock, for_s: float) -> None:
        self._clock = clock
        self._for_s = for_s
        self._values: OrderedDict[tuple[str, ...], tuple[float, V]] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> V | None:
        """Give the value of a key, or None when it is not remembered."""
        found = self._values.get(key)
        return found[1] if found is not None and found[0] > self._clock.monotonic() else None

    def put(self, key: tuple[str, ...], value: V) -> V:
        """Remember a value."""
        self._values[key] = (self._clock.monotonic() + self._for_s, value)
        self._values.move_to_end(key)
        while len(self._values) > REMEMBERED:
            self._values.popitem(last=False)
        return value
