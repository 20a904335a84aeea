"""How many listen to this process, on sockets and streams: bounded all together and for each of them, and counted."""

from __future__ import annotations

import resource
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.errors import CallerError, DexterError
from dexter.observe.records import EventsTold, GapTold, ListenerLeft, ListenerRefused, Observer, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.gateway.identity import Caller

SOCKET, STREAM = "socket", "stream"
WAYS = (SOCKET, STREAM)
FILES_FOR_THE_REST = 200
"""File descriptors that are left for requests, Sentry and the disk, where the system permits only few."""
MOST_FILES = 65_536


class TooManyListeners(DexterError):
    """This process holds as many sockets and streams as it may."""

    status = 503
    remedy = "Try again in a moment, or have DEXTER_LISTENERS raised or more workers started."
    retry_after_s = 10.0


class TooManyOfYours(CallerError):
    """One caller holds as many sockets and streams as one may."""

    status = 429
    remedy = "Close some of them, share one among your programs, or have DEXTER_LISTENERS_EACH raised."
    retry_after_s = 10.0


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """How many sockets and streams there may be in one process: in all, and of one caller."""

    most: int = 10_000
    most_each: int = 500


class Listeners:
    """All sockets and streams of a process."""

    def __init__(self, limits: ListenerLimits, observers: tuple[Observer, ...] = ()) -> None:
        self._limits = limits
        self._observers = observers
        self._open: Counter[str] = Counter()
        self._each: Counter[str] = Counter()
        self._waiting: dict[str, Callable[[], int]] = {}

    def require_room(self) -> None:
        """Raise TooManyListeners where no more can be taken, before it costs anything to find out who asks."""
        if self._open.total() >= self._limits.most:
            tell(self._observers, ListenerRefused("all"))
            raise TooManyListeners("This process holds as many sockets and streams as it may.")

    def enter(self, way: str, caller: Caller) -> Seat:
        """Take a caller in. Raises TooManyListeners or TooManyOfYours."""
        self.require_room()
        who = f"{caller.identity.key} {caller.told_apart_by}"
        if self._each[who] >= self._limits.most_each:
            tell(self._observers, ListenerRefused("each"))
            raise TooManyOfYours(f"You hold {self._limits.most_each} sockets and streams already.")
        self._each[who] += 1
        self._open[way] += 1
        return Seat(self, way, who)

    def leave(self, seat: Seat, reason: str) -> None:
        """Let somebody go, and say why."""
        self._open[seat.way] -= 1
        self._each[seat.who] -= 1
        if not self._each[seat.who]:
            del self._each[seat.who]
        if reason:
            tell(self._observers, ListenerLeft(seat.way, reason))

    def told(self, way: str, messages: int) -> None:
        """Take note of messages that were handed to the network."""
        tell(self._observers, EventsTold(way, messages))

    def gap(self, why: str) -> None:
        """Take note of a gap that somebody was told of."""
        tell(self._observers, GapTold(why))

    def watch(self, way: str, waiting: Callable[[], int]) -> None:
        """Have it known how many messages wait for those who come one way."""
        self._waiting[way] = waiting

    def open(self, way: str) -> int:
        """Give how many there are."""
        return self._open[way]

    def waiting(self, way: str) -> int:
        """Give how many messages wait."""
        return self._waiting[way]() if way in self._waiting else 0


class Seat:
    """One listener's place, which is left once."""

    __slots__ = ("_listeners", "_reason", "way", "who")

    def __init__(self, listeners: Listeners, way: str, who: str) -> None:
        self._listeners: Listeners | None = listeners
        self._reason = "left"
        self.way = way
        self.who = who

    def missed(self, why: str) -> None:
        """Take note that its client is told of a gap."""
        if self._listeners is not None:
            self._listeners.gap(why)

    def ends_for(self, reason: str) -> None:
        """Say why it will be left; the first word counts."""
        if self._reason == "left":
            self._reason = reason

    def leave(self) -> None:
        """Leave."""
        listeners, self._listeners = self._listeners, None
        if listeners is not None:
            listeners.leave(self, self._reason)

    def give_back(self) -> None:
        """Leave without having been there: the connection never opened."""
        self._reason = ""
        self.leave()


def room_for_files(most: int) -> int:
    """Give how many connections there can be, once this process may open as many files as the system permits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return most if soft == resource.RLIM_INFINITY else max(1, min(most, soft - FILES_FOR_THE_REST))
