"""`/health`: the process lives. `/ready`: it can serve, and how well, as far as is known without asking Sentry anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import TimedOut, Unreachable
from dexter.features.moment import iso
from dexter.gateway.asgi import Response
from dexter.observe.records import AttemptFinished, Record
from dexter.stores.cells import Cell, OwnCells
from dexter.upstream.bodies import BodyStalled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dexter.stores.cells import Cells

CONTACT = "contact"
"""The cell that holds when Sentry was last asked."""
NOTED_EVERY_S = 1.0
"""How often it is noted that nothing has changed."""
DOUBT_S = 30.0
"""How long a failure to reach Sentry counts; after that nobody knows, and the next request will show."""

_UNREACHED = frozenset({Unreachable.__name__, TimedOut.__name__})
_TELL_NOTHING = frozenset({"CancelledError", BodyStalled.__name__})
"""Ends of an attempt that are the caller's doing."""

_JSON = (("content-type", "application/json"), ("cache-control", "no-store"))


@dataclass(frozen=True, slots=True)
class Contact:
    """The last time Sentry was asked, and whether it answered."""

    at: float
    reached: bool


class Reachability:
    """An observer that remembers whether Sentry answered last, to whichever process of the host."""

    def __init__(self, clock: Callable[[], float], cells: Cells | None = None) -> None:
        self._clock = clock
        self._cell: Cell[Contact | None] = Cell(cells or OwnCells(), CONTACT, msgspec.json.encode, _contact)

    @property
    def last(self) -> Contact | None:
        """Give the last time that any process asked."""
        return self._cell.value()

    def __call__(self, record: Record) -> None:
        if not isinstance(record, AttemptFinished) or record.error in _TELL_NOTHING:
            return
        now, reached = self._clock(), record.error not in _UNREACHED
        self._cell.change(lambda last: last if _says_so(last, now, reached=reached) else Contact(now, reached))


def _says_so(last: Contact | None, now: float, *, reached: bool) -> bool:
    return last is not None and last.reached == reached and 0 <= now - last.at < NOTED_EVERY_S


def _contact(written: bytes) -> Contact | None:
    try:
        return msgspec.json.decode(written, type=Contact)
    except ValueError:
        return None


def health(version: str) -> Response:
    """Say that the process lives."""
    return Response(200, msgspec.json.encode({"status": "ok", "version": version}), _JSON)


@dataclass(frozen=True, slots=True)
class Degraded:
    """A part that does less than it should: Sentry itself, or a class of calls that its breaker keeps from Sentry."""

    part: str
    state: str
    why: str | None
    until: float | None
    """When it is tried again at the latest, None where the next request tries it."""


def ready(
    *, last: Contact | None, now: float, degraded: Sequence[Degraded] = (), suspended: Sequence[str] = ()
) -> Response:
    """Say that requests can be served, and what is served worse than it should be.

    Every process stands before the same Sentry. Were those that cannot reach it taken out of service, none would be
    left to give what is kept, nor to find out that Sentry is back; so that is told and no reason for a 503.
    """
    in_doubt = last is not None and not last.reached and now - last.at < DOUBT_S
    parts = [Degraded("upstream", "unreachable", "Sentry did not answer when it was last asked", None)] * in_doubt
    document = {
        "status": "ready",
        "degraded": [
            {
                "part": each.part,
                "state": each.state,
                "why": each.why,
                "retry_at": None if each.until is None else iso(each.until),
            }
            for each in (*parts, *degraded)
        ],
        "upstream": {
            "reachable": None if last is None else last.reached,
            "last_asked_at": None if last is None else iso(last.at),
        },
        "suspended": list(suspended),
    }
    return Response(200, msgspec.json.encode(document), _JSON)
