"""What an error on the way to Sentry means to a job: nothing was sent, nobody knows, or Sentry said no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.errors import (
    CallerError,
    CircuitOpen,
    NotInThisSentry,
    RateLimited,
    Refused,
    Unauthenticated,
    UpstreamError,
)
from dexter.upstream.admission import NoPlace

if TYPE_CHECKING:
    from dexter.errors import DexterError


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing was done, and the same may be asked again from a moment on, in epoch seconds."""

    until: float


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing was done, and Sentry is not there. `until` is None where only a person can mend it."""

    reason: str
    until: float | None


@dataclass(frozen=True, slots=True)
class Lost:
    """It may have been done or not: no answer came, or none that says so."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Sentry said no and did nothing."""

    reason: str


Trouble = Wait | Outage | Lost | Refusal

PLACE_S = 1.0
"""How long to wait where others took every place."""


def trouble(error: DexterError, now: float) -> Trouble | None:
    """Give what an error means, or None for a fault of Dexter's own."""
    match error:
        case RateLimited(until=until):
            return Wait(until)
        case NoPlace():
            return Wait(now + PLACE_S)
        case CircuitOpen(probe_at=probe_at):
            return Outage(f"Sentry does not answer: {error.last_failure}", max(probe_at, now + PLACE_S))
        case Unauthenticated() | Refused(upstream_status=401):
            return Outage(error.message, None)
        case Refused(upstream_status=status) if status < 500 and status != 408:
            return Refusal(error.message)
        case NotInThisSentry():
            return Refusal(error.message)
        case UpstreamError():
            return Lost(error.message)
        case CallerError():
            return Refusal(error.message)
        case _:
            return None
