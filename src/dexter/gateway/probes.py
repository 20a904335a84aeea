"""`/health`: the process lives. `/ready`: it can serve, as far as is known without asking Sentry anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import TimedOut, Unreachable
from dexter.features.moment import iso
from dexter.gateway.asgi import Response
from dexter.observe.records import AttemptFinished, Record
from dexter.upstream.bodies import BodyStalled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    """An observer that remembers whether Sentry answered last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.last: Contact | None = None

    def __call__(self, record: Record) -> None:
        if not isinstance(record, AttemptFinished) or record.error in _TELL_NOTHING:
            return
        self.last = Contact(self._clock(), record.error not in _UNREACHED)


def health(version: str) -> Response:
    """Say that the process lives."""
    return Response(200, msgspec.json.encode({"status": "ok", "version": version}), _JSON)


def ready(*, configured: bool, last: Contact | None, now: float, suspended: Sequence[str] = ()) -> Response:
    """Say whether requests can be served: an upstream is set, and did not just fail to answer.

    A suspended promise is told and no reason to send requests elsewhere: other hosts have lost the same.
    """
    in_doubt = last is not None and not last.reached and now - last.at < DOUBT_S
    is_ready = configured and not in_doubt
    upstream = {
        "configured": configured,
        "reachable": None if last is None else last.reached,
        "last_asked_at": None if last is None else iso(last.at),
    }
    document = {"status": "ready" if is_ready else "not ready", "upstream": upstream, "suspended": list(suspended)}
    return Response(200 if is_ready else 503, msgspec.json.encode(document), _JSON)
